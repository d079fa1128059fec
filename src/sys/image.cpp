// Room: sys. madvise(2) on the program's own image.
#include "cleat/sys/image.hpp"

#include <sys/mman.h>

#include <array>
#include <cstdint>

namespace {

constinit std::array<std::string_view, 2> working;

/// All pages that have a byte of it.
void map_pages_of(std::string_view part) noexcept {
    constexpr std::uintptr_t kPage = 4096;
    const auto before = reinterpret_cast<std::uintptr_t>(part.data()) % kPage;
    auto* const begin = const_cast<char*>(part.data()) - before;  // never written to
    if (!part.empty()) ::madvise(begin, part.size() + before, MADV_POPULATE_READ);
}

}  // namespace

namespace cleat::sys {

void set_working_image(std::string_view text, std::string_view constants) noexcept {
    working = {text, constants};
}

void map_working_image() noexcept {
    for (const auto& part : working) map_pages_of(part);
}

}  // namespace cleat::sys
