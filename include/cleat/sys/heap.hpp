// Room: sys (layer 1). The heap around a clone. Parent and child share their memory until one of
// them writes to it, and each page that is written to is copied then: what malloc(3) and free(3) do
// to a heap full of small pieces costs more than what they are called for.
#pragma once

#include <cstddef>
#include <span>

namespace cleat::sys {

/// The heap grows once and never shrinks, as a command does not live for long. What is large comes
/// from it, too, and not from a mapping of its own.
void shape_heap() noexcept;

/// After shape_heap(): the next `size` bytes of the heap are there before they are touched: one
/// system call instead of a fault for each page. Does nothing where the kernel cannot (before
/// Linux 5.14).
void stock_heap(std::size_t size) noexcept;
/// As much for the stack below the caller; in a child, a copy of what it shares.
void stock_stack() noexcept;

/// From here on nothing is given back to the heap, and what is new comes from one fresh piece,
/// where what was of it is used again (from the heap once that is full). For a process that soon
/// ends or executes something; called behind the clone, so that parent and child have a piece each,
/// of which nothing is copied. Each thread is frozen by itself, and has its own piece.
void freeze_heap() noexcept;
/// As much with this piece, which has the alignment of new memory.
void freeze_heap(std::span<std::byte> piece) noexcept;
/// As before, for as long as a process waits that may live long; then again as it was. What was
/// freed while it was frozen stays where it is.
class ThawedHeap {
 public:
    ThawedHeap() noexcept;
    ThawedHeap(const ThawedHeap&) = delete;
    ThawedHeap& operator=(const ThawedHeap&) = delete;
    ~ThawedHeap() {
        if (was_frozen_) freeze_heap();
    }

 private:
    bool was_frozen_;
};

}  // namespace cleat::sys
