// Room: conformance. Random configurations out of the tables of choices.
#include "diff_choices.hpp"

#include <algorithm>

#include "cleat/base/text.hpp"

namespace cleat::conformance {
namespace {

constexpr std::size_t kFewest = 2;
constexpr std::size_t kMost = 8;

std::string_view group_of(std::string_view name) { return name.substr(0, name.find('/')); }

/// "#1-9": a number between both.
std::string number_in(std::string_view range, Random& random) {
    const auto dash = range.find('-');
    const auto low = parse_number<std::size_t>(range.substr(0, dash)).value_or(0);
    const auto high = parse_number<std::size_t>(range.substr(dash + 1)).value_or(low);
    return concat(low + random.below(high - low + 1));
}

/// "+a|b|c": at least one of them, in any order.
std::string some_of(std::string_view list, Random& random) {
    auto items = split(list, '|');
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
    items.resize(1 + random.below(items.size()));
    return join({items.begin(), items.end()}, ",");
}

/// Picks one by weight and takes it out.
const Choice* pick(std::vector<const Choice*>& from, Random& random) {
    std::size_t all = 0;
    for (const auto* one : from) all += one->weight;
    std::size_t place = random.below(all);
    const auto found = std::ranges::find_if(from, [&](const Choice* one) {
        const bool here = place < one->weight;
        place -= one->weight;
        return here;
    });
    const Choice* const out = *found;
    std::erase_if(from,
                  [&](const Choice* one) { return group_of(one->name) == group_of(out->name); });
    return out;
}

}  // namespace

std::size_t Random::below(std::size_t count) noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31U;
    return count == 0 ? 0 : mixed % count;
}

std::string decided(std::string_view pattern, Random& random) {
    std::string out;
    for (std::size_t i = 0; i < pattern.size();) {
        const auto end = pattern[i] == '<' ? pattern.find('>', i) : std::string_view::npos;
        if (end == std::string_view::npos) {
            out += pattern[i++];
            continue;
        }
        const auto inner = pattern.substr(i + 1, end - i - 1);
        i = end + 1;
        if (inner.starts_with('#')) {
            out += number_in(inner.substr(1), random);
        } else if (inner.starts_with('+')) {
            out += some_of(inner.substr(1), random);
        } else {
            const auto items = split(inner, '|');
            out += items[random.below(items.size())];
        }
    }
    return out;
}

std::vector<const Choice*> possible_choices(const Circumstances& known) {
    std::vector<const Choice*> out;
    for (const auto table : {process_choices(), mount_choices(), namespace_choices(),
                             linux_choices(), resource_choices()})
        for (const auto& one : table)
            if (unmet(one.needs, known).empty()) out.push_back(&one);
    return out;
}

std::vector<Chosen> choose(const std::vector<const Choice*>& from, Random& random) {
    auto left = from;
    std::vector<const Choice*> picked;
    const std::size_t count = kFewest + random.below(kMost - kFewest + 1);
    while (picked.size() < count && !left.empty()) picked.push_back(pick(left, random));
    std::vector<Chosen> out;
    for (const auto* one : from)
        if (std::ranges::find(picked, one) != picked.end())
            out.push_back({.name = one->name,
                           .patch = decided(one->patch, random),
                           .run = decided(one->run, random)});
    return out;
}

}  // namespace cleat::conformance
