// Room: cgroup. What a container uses; host process. Never fails: a number that is not there is 0.
#include "cleat/cgroup/stats.hpp"

#include <cstdlib>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"
#include "stats_files.hpp"

namespace cleat::cgroup {
namespace {

/// "avg10=0.00" with the key's value, as a decimal fraction.
double fraction(std::string_view word) {
    const std::string value(word.substr(word.find('=') + 1));
    return std::strtod(value.c_str(), nullptr);
}

std::optional<Pressure> parse_pressure(std::string_view text, std::string_view kind) {
    constexpr std::size_t kWords = 4;
    const auto values = words(value_of(text, kind));
    if (values.size() != kWords) return std::nullopt;
    const auto total = values[3].substr(values[3].find('=') + 1);
    return Pressure{.avg10 = fraction(values[0]),
                    .avg60 = fraction(values[1]),
                    .avg300 = fraction(values[2]),
                    .total = parse_number<std::uint64_t>(total).value_or(0)};
}

}  // namespace

std::string StatFiles::text(std::string_view file) const {
    return read_file(path_, file).value_or("");
}

std::uint64_t StatFiles::number(std::string_view file, std::uint64_t none) const {
    const auto content = text(file);
    const auto found = words(content);
    if (found.empty()) return 0;
    if (found[0] == "max") return none;
    return parse_number<std::uint64_t>(found[0]).value_or(0);
}

std::map<std::string, std::uint64_t> StatFiles::table(std::string_view file) const {
    std::map<std::string, std::uint64_t> table;
    const auto content = text(file);
    for (const auto line : split(content, '\n')) {
        const auto pair = words(line);
        if (pair.size() != 2) continue;
        if (const auto value = parse_number<std::uint64_t>(pair[1]))
            table[std::string(pair[0])] = *value;
    }
    return table;
}

std::optional<PressurePair> StatFiles::pressure(std::string_view file) const {
    const auto content = text(file);
    PressurePair pair{.some = parse_pressure(content, "some"),
                      .full = parse_pressure(content, "full")};
    if (!pair.some && !pair.full) return std::nullopt;
    return pair;
}

std::vector<std::string> StatFiles::hugetlb_sizes(std::string_view suffix) const {
    constexpr std::string_view kPrefix = "hugetlb.";
    std::vector<std::string> sizes;
    const auto names = sys::list_directory_at(sys::kHere, path_.c_str());
    if (!names) return sizes;
    for (const auto& name : *names) {
        if (!name.starts_with(kPrefix) || !name.ends_with(suffix)) continue;
        const auto size = name.substr(kPrefix.size(), name.size() - kPrefix.size() - suffix.size());
        if (size.find('.') == std::string::npos) sizes.push_back(size);
    }
    return sizes;
}

std::uint64_t entry(const std::map<std::string, std::uint64_t>& table, const char* key) {
    const auto found = table.find(key);
    return found == table.end() ? 0 : found->second;
}

std::vector<std::uint16_t> parse_list(std::string_view text) {
    std::vector<std::uint16_t> numbers;
    const auto trimmed = words(text);
    if (trimmed.empty()) return numbers;
    for (const auto range : split(trimmed[0], ',')) {
        const auto dash = range.find('-');
        const auto first = parse_number<std::uint16_t>(range.substr(0, dash));
        const auto last = dash == std::string_view::npos
                              ? first
                              : parse_number<std::uint16_t>(range.substr(dash + 1));
        if (!first || !last) continue;
        for (unsigned number = *first; number <= *last; ++number)
            numbers.push_back(static_cast<std::uint16_t>(number));
    }
    return numbers;
}

std::optional<IoEntry> parse_device(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto major = parse_number<std::uint64_t>(text.substr(0, colon));
    const auto minor = parse_number<std::uint64_t>(text.substr(colon + 1));
    if (!major || !minor) return std::nullopt;
    return IoEntry{.major = *major, .minor = *minor, .operation = {}, .value = 0};
}

/// On a hybrid host the unified hierarchy has what v1 lacks: pressure, and controllers of its own.
Stats read_stats(const Directories& directories) {
    Stats stats;
    if (const auto* unified = find_unified(directories)) read_v2(*unified, stats);
    read_v1(directories, stats);
    return stats;
}

}  // namespace cleat::cgroup
