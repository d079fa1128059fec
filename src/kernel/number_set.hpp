// Room: kernel. Lists of CPUs and memory nodes, as cpuset(7) writes them, as bit masks.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"

namespace cleat::kernel {

/// Bit n of the words, lowest first, is number n: the form that the kernel takes.
struct NumberSet {
    std::vector<unsigned long> words;
    [[nodiscard]] std::size_t size_bytes() const noexcept {
        return words.size() * sizeof(unsigned long);
    }
};

/// Reads "0-3,7"; blanks around the items are skipped. Errors: InvalidConfig for anything else, an
/// empty list, and numbers above 65535.
[[nodiscard]] Result<NumberSet> parse_number_set(std::string_view text);

}  // namespace cleat::kernel
