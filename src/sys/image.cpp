// Room: sys. madvise(2) on the program's own image.
#include "cleat/sys/image.hpp"

#include <sys/mman.h>

#include <cstdint>

#include "cleat/base/shortcuts.hpp"

namespace {

constinit cleat::sys::WorkingImage working;

/// All pages that have a byte of it.
void map_pages_of(std::string_view part) noexcept {
    constexpr std::uintptr_t kPage = 4096;
    const auto before = reinterpret_cast<std::uintptr_t>(part.data()) % kPage;
    auto* const begin = const_cast<char*>(part.data()) - before;  // never written to
    if (cleat::kShortcuts && !part.empty())
        ::madvise(begin, part.size() + before, MADV_POPULATE_READ);
}

}  // namespace

namespace cleat::sys {

void set_working_image(const WorkingImage& image) noexcept { working = image; }

void map_working_image(Kin kin) noexcept {
    map_pages_of(kin == Kin::Itself ? working.text : working.text_of_children);
    if (kin != Kin::Sharer) map_pages_of(working.constants);
}

}  // namespace cleat::sys
