// Room: plan. Groups of Intel RDT, which are directories of a resctrl file system
// (Documentation/arch/x86/resctrl.rst).
#include "rdt.hpp"

#include "cleat/base/text.hpp"

namespace cleat::plan {
namespace {

constexpr const char* kRdtPointer = "/linux/intelRdt";

/// A text of several lines is several schemata, as one write to the kernel's file would be.
std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (const auto line : split(text, '\n'))
        if (!line.empty()) lines.emplace_back(line);
    return lines;
}

/// In the specification's order: the general property has the last word.
Steps write_schemata(const spec::IntelRdt& rdt, const std::string& group) {
    Steps steps;
    const auto write = [&](std::string_view text, std::string_view property) {
        for (auto& line : lines_of(text))
            steps.add(WriteRdtSchema{.group = group, .schema = std::move(line)},
                      concat(kRdtPointer, "/", property));
    };
    write(rdt.l3_cache_schema, "l3CacheSchema");
    write(rdt.mem_bw_schema, "memBwSchema");
    for (std::size_t i = 0; i < rdt.schemata.size(); ++i)
        write(rdt.schemata[i], concat("schemata/", i));
    return steps;
}

RdtOwner owner_of(const spec::IntelRdt& rdt) {
    if (rdt.clos_id.empty()) return RdtOwner::Container;
    const bool has_schemata =
        !rdt.l3_cache_schema.empty() || !rdt.mem_bw_schema.empty() || !rdt.schemata.empty();
    return has_schemata ? RdtOwner::Shared : RdtOwner::Other;
}

std::string group_of(const spec::IntelRdt& rdt, const std::string& root, const std::string& id) {
    if (rdt.clos_id == "/") return root;  // the default class
    return concat(root, "/", rdt.clos_id.empty() ? id : rdt.clos_id);
}

}  // namespace

Result<Steps> rdt_steps(const Container& container) {
    Steps host;
    const auto& wanted = container.spec.linux.intel_rdt;
    if (!wanted) return host;
    const std::string& root = container.facts.resctrl;
    if (root.empty())
        return refuse(ErrorKind::Unsupported, kRdtPointer,
                      "no resctrl file system is mounted on this host");
    const std::string& id = container.options.id.str();
    const auto owner = owner_of(*wanted);
    auto& place = container.plan.rdt;
    place = {.group = group_of(*wanted, root, id),
             .monitor = {},
             .of_container = owner == RdtOwner::Container};
    host.add(MakeRdtGroup{.group = place.group,
                          .owner = owner,
                          .expected = lines_of(
                              concat(wanted->l3_cache_schema, "\n", wanted->mem_bw_schema))},
             wanted->clos_id.empty() ? kRdtPointer : concat(kRdtPointer, "/closID"));
    host += write_schemata(*wanted, place.group);
    if (wanted->enable_monitoring) {
        place.monitor = concat(place.group, "/mon_groups/", id);
        host.add(MakeRdtGroup{.group = place.monitor, .owner = RdtOwner::Container},
                 concat(kRdtPointer, "/enableMonitoring"));
    }
    return host;
}

Steps join_rdt(const RdtPlace& rdt) {
    Steps host;
    std::vector<std::string> groups;
    if (!rdt.group.empty()) groups.push_back(rdt.group);
    if (!rdt.monitor.empty()) groups.push_back(rdt.monitor);
    if (!groups.empty()) host.add(JoinRdtGroups{.groups = std::move(groups)}, kRdtPointer);
    return host;
}

}  // namespace cleat::plan
