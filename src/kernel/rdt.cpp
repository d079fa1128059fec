// Room: kernel. Groups of Intel RDT. Runs in the host process.
#include "cleat/kernel/rdt.hpp"

#include <algorithm>
#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::kernel {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// "0=00F" as "0=f": the kernel pads its masks.
std::string normal_value(std::string_view value) {
    const auto equals = value.find('=');
    std::string number(trimmed(value.substr(equals == std::string_view::npos ? 0 : equals + 1)));
    number.erase(0, std::min(number.find_first_not_of('0'), number.size() - 1));
    std::ranges::transform(number, number.begin(), [](char c) {
        return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return concat(trimmed(value.substr(0, equals)), "=", number);
}

/// What stands after "L3:" in the text of a schemata file, as single values.
std::vector<std::string> values_of(std::string_view text, std::string_view resource) {
    std::vector<std::string> values;
    for (const auto line : split(text, '\n')) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || trimmed(line.substr(0, colon)) != resource) continue;
        for (const auto value : split(line.substr(colon + 1), ';'))
            if (!trimmed(value).empty()) values.push_back(normal_value(value));
    }
    return values;
}

/// Whether each value of the line is one of the group's.
bool has_values(std::string_view schemata, std::string_view line) {
    const auto resource = trimmed(line.substr(0, line.find(':')));
    const auto wanted = values_of(line, resource);
    const auto there = values_of(schemata, resource);
    return !wanted.empty() && std::ranges::all_of(wanted, [&](const std::string& value) {
        return std::ranges::find(there, value) != there.end();
    });
}

Result<void> check_schemata(const plan::MakeRdtGroup& step) {
    if (step.expected.empty()) return {};
    const std::string file = step.group + "/schemata";
    const auto schemata = TRY(sys::read_text_at(sys::kHere, file.c_str()));
    for (const auto& line : step.expected)
        if (!has_values(schemata, line))
            return fail(ErrorKind::InvalidConfig,
                        concat("rdt group ", step.group, " is there and has no schema ", line));
    return {};
}

Result<void> check_unused(const std::string& group) {
    const auto tasks = TRY(sys::read_text_at(sys::kHere, (group + "/tasks").c_str()));
    if (tasks.empty()) return {};
    return fail_errno(concat("rdt group ", group, " has processes already"), EEXIST);
}

/// The reason of a refusal is in a file of the file system's root: the last path that has it.
std::string last_status(std::string group) {
    while (!group.empty()) {
        const auto status =
            sys::read_text_at(sys::kHere, (group + "/info/last_cmd_status").c_str());
        if (status) {
            const std::string_view text(*status);
            return concat(": ", text.substr(0, text.find('\n')));
        }
        group.erase(group.rfind('/'));
    }
    return {};
}

}  // namespace

Result<RdtMade> make_rdt_group(const plan::MakeRdtGroup& step) {
    constexpr mode_t kMode = 0755;
    if (step.owner != plan::RdtOwner::Other) {
        auto made = sys::make_directory_at(sys::kHere, step.group.c_str(), kMode);
        if (made) return RdtMade::New;
        if (made.error().errno_value != EEXIST)
            return std::unexpected(with_context(std::move(made).error(), "rdt group"));
    } else if (!TRY(sys::is_there_at(sys::kHere, step.group.c_str()))) {
        return fail_errno(concat("rdt group ", step.group), ENOENT);
    }
    if (step.owner == plan::RdtOwner::Container)
        TRY(check_unused(step.group));
    else
        TRY(check_schemata(step));
    return RdtMade::Before;
}

Result<void> write_rdt_schema(const plan::WriteRdtSchema& step) {
    const std::string file = step.group + "/schemata";
    auto written = sys::write_text_at(sys::kHere, file.c_str(), step.schema + "\n");
    if (written) return {};
    return std::unexpected(with_context(std::move(written).error(),
                                        concat("schema ", step.schema, last_status(step.group))));
}

Result<void> join_rdt_groups(const plan::JoinRdtGroups& step, pid_t pid) {
    for (const auto& group : step.groups)
        TRY(sys::write_text_at(sys::kHere, (group + "/tasks").c_str(), concat(pid)));
    return {};
}

Result<void> discard_rdt_group(const std::string& group) {
    TRY(check_unused(group));
    return remove_rdt_group(group);
}

Result<void> remove_rdt_group(const std::string& group) {
    auto removed = sys::remove_directory_at(sys::kHere, group.c_str());
    if (removed || removed.error().errno_value == ENOENT) return {};
    return removed;
}

}  // namespace cleat::kernel
