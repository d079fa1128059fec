// Room: spec. Rules of id mappings and of the user namespace
// (config-linux.md#user-namespace-mappings).
#include <algorithm>

#include "check.hpp"

namespace cleat::spec {
namespace {

constexpr std::size_t kMaxMappings = 340;  // user_namespaces(7)

/// Whether two ranges of the same size-less kind have an id in common.
bool overlap(std::uint32_t a, std::uint32_t a_size, std::uint32_t b, std::uint32_t b_size) {
    return a < std::uint64_t{b} + b_size && b < std::uint64_t{a} + a_size;
}

void check_overlaps(const std::vector<IdMapping>& mappings, const std::string& pointer,
                    Complaints& complaints) {
    for (std::size_t i = 0; i < mappings.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const auto& a = mappings[i];
            const auto& b = mappings[j];
            if (overlap(a.container_id, a.size, b.container_id, b.size) ||
                overlap(a.host_id, a.size, b.host_id, b.size))
                complaints.add(concat(pointer, "/", i), concat("overlaps with mapping ", j));
        }
    }
}

bool is_mapped(const std::vector<IdMapping>& mappings, std::uint32_t id) {
    return std::ranges::any_of(mappings, [&](const IdMapping& map) {
        return id >= map.container_id && id - map.container_id < map.size;
    });
}

/// An id without a mapping cannot be taken on (user_namespaces(7)).
void check_user_is_mapped(const User& user, const Linux& linux, Complaints& complaints) {
    const auto check = [&](const std::vector<IdMapping>& mappings, std::uint32_t id,
                           const std::string& pointer) {
        if (!is_mapped(mappings, id))
            complaints.add(pointer, concat("id ", id, " is not mapped in the user namespace"));
    };
    check(linux.uid_mappings, user.uid.value, "/process/user/uid");
    check(linux.gid_mappings, user.gid.value, "/process/user/gid");
}

}  // namespace

void check_id_mappings(const std::vector<IdMapping>& mappings, const std::string& pointer,
                       Complaints& complaints) {
    constexpr std::uint64_t kEnd = 4294967295U;
    for (std::size_t i = 0; i < mappings.size(); ++i) {
        const auto& map = mappings[i];
        const auto where = concat(pointer, "/", i);
        if (map.size == 0) complaints.add(where + "/size", "size of a mapping must not be 0");
        if (std::uint64_t{map.container_id} + map.size > kEnd ||
            std::uint64_t{map.host_id} + map.size > kEnd)
            complaints.add(where, "the mapping goes beyond the last id");
    }
    if (mappings.size() > kMaxMappings)
        complaints.add(pointer,
                       concat(mappings.size(), " mappings are more than the kernel's 340"));
    else
        check_overlaps(mappings, pointer, complaints);
}

void check_user_namespace(const Spec& spec, Complaints& complaints) {
    const auto& linux = spec.linux;
    check_id_mappings(linux.uid_mappings, "/linux/uidMappings", complaints);
    check_id_mappings(linux.gid_mappings, "/linux/gidMappings", complaints);
    const auto* user = find_namespace(spec, NamespaceType::User);
    const bool maps = !linux.uid_mappings.empty() || !linux.gid_mappings.empty();
    if (user == nullptr && maps)
        complaints.add(linux.uid_mappings.empty() ? "/linux/gidMappings" : "/linux/uidMappings",
                       "id mappings need a user namespace in /linux/namespaces");
    if (user == nullptr || !user->path.empty()) return;
    if (linux.uid_mappings.empty() || linux.gid_mappings.empty())
        complaints.add(linux.uid_mappings.empty() ? "/linux/uidMappings" : "/linux/gidMappings",
                       "a new user namespace needs uidMappings and gidMappings");
    else if (spec.process)
        check_user_is_mapped(spec.process->user, linux, complaints);
}

}  // namespace cleat::spec
