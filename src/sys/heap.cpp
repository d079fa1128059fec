// Room: sys. operator new and delete, which all of cleat's own memory comes from.
#include "cleat/sys/heap.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

namespace {

constexpr std::size_t kAlignment = alignof(std::max_align_t);
constexpr std::size_t kPiece = std::size_t{64} << 10U;

/// Single-threaded: a process with threads never freezes.
struct Frozen {
    std::byte* begin = nullptr;
    std::byte* next = nullptr;
    std::byte* end = nullptr;
    bool now = false;
};
constinit Frozen frozen;

constexpr std::size_t kPage = 4096;

std::span<std::byte> whole_pages(std::byte* memory, std::size_t size) noexcept {
    void* first = memory;
    std::size_t space = size;
    if (memory == nullptr || std::align(kPage, kPage, first, space) == nullptr) return {};
    return {static_cast<std::byte*>(first), space & ~(kPage - 1)};
}

/// Of the stack, what is used next; the kernel has made room for more than that.
std::span<std::byte> pages_below() noexcept {
    constexpr std::size_t kStack = std::size_t{40} << 10U;
    auto* here = static_cast<std::byte*>(__builtin_frame_address(0));
    return whole_pages(here - kStack, kStack);
}

[[maybe_unused]] void* from_piece(std::size_t size) noexcept {
    const std::size_t whole = (size + kAlignment - 1) & ~(kAlignment - 1);
    if (whole < size || whole > static_cast<std::size_t>(frozen.end - frozen.next)) return nullptr;
    void* memory = frozen.next;
    frozen.next += whole;
    return memory;
}

[[maybe_unused]] bool is_of_piece(const void* memory) noexcept {
    return memory >= frozen.begin && memory < frozen.end;
}

}  // namespace

namespace cleat::sys {

void shape_heap() noexcept {
    constexpr int kStep = 1 << 20;
    constexpr int kKept = 1 << 30;
    ::mallopt(M_TOP_PAD, kStep);
    ::mallopt(M_TRIM_THRESHOLD, kKept);
    ::mallopt(M_MMAP_THRESHOLD, kStep);
}

void stock_memory() noexcept {
    constexpr std::size_t kHeap = std::size_t{192} << 10U;
    void* heap = std::malloc(kHeap);
    for (const auto pages : {whole_pages(static_cast<std::byte*>(heap), kHeap), pages_below()})
        if (!pages.empty()) ::madvise(pages.data(), pages.size(), MADV_POPULATE_WRITE);
    std::free(heap);
}

void freeze_heap() noexcept {
    if (frozen.begin == nullptr) {
        frozen.begin = static_cast<std::byte*>(std::malloc(kPiece));
        frozen.next = frozen.begin;
        frozen.end = frozen.begin == nullptr ? nullptr : frozen.begin + kPiece;
    }
    frozen.now = true;
}

ThawedHeap::ThawedHeap() noexcept { frozen.now = false; }

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

void operator delete(void* memory, std::size_t /*size*/) noexcept { operator delete(memory); }

#endif
