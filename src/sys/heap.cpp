// Room: sys. operator new and delete, which all of cleat's own memory comes from.
#include "cleat/sys/heap.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "cleat/base/shortcuts.hpp"

namespace {

constexpr std::size_t kAlignment = alignof(std::max_align_t);
constexpr std::size_t kPiece = std::size_t{512} << 10U;  // of addresses
constexpr std::size_t kStep = std::size_t{32} << 10U;    // of memory, as it is needed

constexpr std::size_t kKinds = 64;  // of sizes that are used again

/// Memory of the piece that was given back; the first bytes of one say where the next is.
struct Free {
    Free* next = nullptr;
};

/// Of one thread.
struct Frozen {
    std::byte* begin = nullptr;
    std::byte* next = nullptr;
    std::byte* stocked = nullptr;  ///< what is below is there
    std::byte* end = nullptr;
    bool now = false;
    std::array<Free*, kKinds> free{};  ///< by size, in units of the alignment
};
constinit thread_local Frozen frozen;

constexpr std::size_t kPage = 4096;

std::span<std::byte> whole_pages(std::byte* memory, std::size_t size) noexcept {
    void* first = memory;
    std::size_t space = size;
    if (memory == nullptr || std::align(kPage, kPage, first, space) == nullptr) return {};
    return {static_cast<std::byte*>(first), space & ~(kPage - 1)};
}

void populate(std::span<std::byte> pages) noexcept {
    if (cleat::kShortcuts && !pages.empty())
        ::madvise(pages.data(), pages.size(), MADV_POPULATE_WRITE);
}

std::size_t whole(std::size_t size) noexcept {
    return size == 0 ? kAlignment : (size + kAlignment - 1) & ~(kAlignment - 1);
}

[[maybe_unused]] void* from_piece(std::size_t size) noexcept {
    const std::size_t own = whole(size);
    if (own < size) return nullptr;
    const std::size_t kind = own / kAlignment;
    if (kind < kKinds && frozen.free[kind] != nullptr)
        return std::exchange(frozen.free[kind], frozen.free[kind]->next);
    if (own > static_cast<std::size_t>(frozen.end - frozen.next)) return nullptr;
    void* memory = frozen.next;
    frozen.next += own;
    while (frozen.stocked < frozen.next) {
        populate({frozen.stocked, kStep});
        frozen.stocked += kStep;
    }
    return memory;
}

/// For what comes next, so that it is on a page that is there: each new one is dear.
[[maybe_unused]] void to_piece(void* memory, std::size_t size) noexcept {
    const std::size_t own = whole(size);
    if (static_cast<std::byte*>(memory) + own == frozen.next) {
        frozen.next = static_cast<std::byte*>(memory);
    } else if (const std::size_t kind = own / kAlignment; kind < kKinds) {
        frozen.free[kind] = new (memory) Free{.next = frozen.free[kind]};
    }
}

[[maybe_unused]] bool is_of_piece(const void* memory) noexcept {
    return memory >= frozen.begin && memory < frozen.end;
}

}  // namespace

namespace cleat::sys {

void shape_heap() noexcept {
    if (!kShortcuts) return;
    constexpr int kGrowth = 1 << 20;
    constexpr int kKept = 1 << 30;
    ::mallopt(M_TOP_PAD, kGrowth);
    ::mallopt(M_TRIM_THRESHOLD, kKept);
    ::mallopt(M_MMAP_THRESHOLD, kGrowth);
}

void stock_heap(std::size_t size) noexcept {
    void* heap = std::malloc(size);
    populate(whole_pages(static_cast<std::byte*>(heap), size));
    std::free(heap);
}

void stock_stack() noexcept {
    constexpr std::size_t kStack = std::size_t{32} << 10U;
    auto* here = static_cast<std::byte*>(__builtin_frame_address(0));
    populate(whole_pages(here - kStack, kStack + kPage));
}

void freeze_heap() noexcept {
    if (!kShortcuts) return;
    frozen.now = true;
    if (frozen.begin != nullptr) return;
    void* piece =
        ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) return;
    frozen.begin = static_cast<std::byte*>(piece);
    frozen.next = frozen.begin;
    frozen.stocked = frozen.begin;
    frozen.end = frozen.begin + kPiece;
}

void freeze_heap(std::span<std::byte> piece) noexcept {
    if (!kShortcuts) return;
    auto* const end = piece.data() + piece.size();
    frozen = {.begin = piece.data(), .next = piece.data(), .stocked = end, .end = end, .now = true};
}

ThawedHeap::ThawedHeap() noexcept : was_frozen_(std::exchange(frozen.now, false)) {}

}  // namespace cleat::sys

// Leaks are what a sanitizer looks for; it has its own.
#ifndef __SANITIZE_ADDRESS__

void* operator new(std::size_t size) {
    if (frozen.now)
        if (void* memory = from_piece(size)) return memory;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    std::__throw_bad_alloc();  // as the library does it
}

void operator delete(void* memory) noexcept {
    if (!frozen.now && !is_of_piece(memory)) std::free(memory);
}

void operator delete(void* memory, std::size_t size) noexcept {
    if (memory != nullptr && is_of_piece(memory))
        to_piece(memory, size);
    else
        operator delete(memory);
}

#endif
