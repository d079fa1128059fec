// Room: validate. Which known word was meant.
#include "similar.hpp"

#include <algorithm>
#include <cstddef>

namespace cleat::validate {
namespace {

constexpr std::size_t kLongest = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Damerau and Levenshtein's distance, by whole rows, in lower case.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            cost[i][j] = std::min(std::min(cost[i - 1][j], cost[i][j - 1]) + 1,
                                  cost[i - 1][j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

}  // namespace

std::string_view most_similar(std::string_view given, const std::vector<std::string_view>& words) {
    constexpr std::size_t kOneIn = 3;
    if (given.empty() || given.size() > kLongest) return {};
    std::string_view best;
    std::size_t least = given.size() / kOneIn + (given.size() < kOneIn ? 0 : 1);
    for (const auto word : words) {
        if (word.size() > kLongest) continue;
        const std::size_t cost = distance(given, word);
        if (cost < least || (cost == 0 && best.empty())) {
            least = cost;
            best = word;
        }
    }
    return best;
}

}  // namespace cleat::validate
