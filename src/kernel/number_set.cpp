// Room: kernel. Lists of numbers to bit masks. Runs in init.
#include "number_set.hpp"

#include <optional>

#include "cleat/base/text.hpp"

namespace cleat::kernel {
namespace {

constexpr std::uint32_t kGreatest = 65535;
constexpr std::uint32_t kBits = 8 * sizeof(unsigned long);

struct Range {
    std::uint32_t first;
    std::uint32_t last;
};

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

/// "7" or "0-3".
std::optional<Range> parse_range(std::string_view item) {
    const auto dash = item.find('-');
    const auto first = parse_number<std::uint32_t>(item.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_number<std::uint32_t>(item.substr(dash + 1));
    if (!first || !last || *first > *last || *last > kGreatest) return std::nullopt;
    return Range{*first, *last};
}

void insert(NumberSet& set, Range range) {
    if (set.words.size() <= range.last / kBits) set.words.resize(range.last / kBits + 1);
    for (auto number = range.first; number <= range.last; ++number)
        set.words[number / kBits] |= 1UL << (number % kBits);
}

}  // namespace

Result<NumberSet> parse_number_set(std::string_view text) {
    NumberSet set;
    for (const auto item : split(text, ',')) {
        const auto range = parse_range(trimmed(item));
        if (!range)
            return fail(ErrorKind::InvalidConfig,
                        concat(quoted(text), " is not a list of numbers like 0-3,7"));
        insert(set, *range);
    }
    return set;
}

}  // namespace cleat::kernel
