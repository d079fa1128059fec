// Unit tests of sys/heap.cpp. Each in a process of its own, as a frozen heap stays so.
#include "cleat/sys/heap.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>

#include "cleat/base/shortcuts.hpp"

namespace cleat::sys {
namespace {

/// Where there is nothing to see of it.
bool is_skipped() {
#ifdef __SANITIZE_ADDRESS__
    MESSAGE("skipped: a sanitizer has a heap and a stack of its own");
    return true;
#else
    if (!kShortcuts) MESSAGE("skipped: a build without shortcuts");
    return !kShortcuts;
#endif
}

/// Whether `work` says yes in a child.
template <class Work>
bool holds(Work work) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(work() ? 0 : 1);
    int status = -1;
    return ::waitpid(pid, &status, 0) == pid && status == 0;
}

long faults() {
    ::rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

std::uintptr_t address(const auto& owner) { return reinterpret_cast<std::uintptr_t>(owner.get()); }

}  // namespace

TEST_CASE("a frozen heap takes nothing back and gives from one piece") {
    if (is_skipped()) return;
    CHECK(holds([] {
        auto before = std::make_unique<std::string>(100, 'b');
        const auto kept = address(before);
        freeze_heap();
        before.reset();
        const auto first = std::make_unique<int>(1);
        const auto second = std::make_unique<int>(2);
        const auto like_before = std::make_unique<std::string>(100, 'c');
        return address(first) != kept && address(second) == address(first) + 16 &&
               address(like_before) == address(second) + 16;
    }));
}

TEST_CASE("a frozen heap uses again what was of its piece") {
    if (is_skipped()) return;
    CHECK(holds([] {
        freeze_heap();
        auto first = std::make_unique<int>(1);
        auto second = std::make_unique<int>(2);
        auto third = std::make_unique<std::array<char, 40>>();
        const auto [one, two, three] = std::tuple(address(first), address(second), address(third));
        first.reset();
        second.reset();
        const auto other = std::make_unique<std::array<char, 24>>();  // of another size
        const auto again = std::make_unique<int>(3);
        const auto anew = std::make_unique<int>(4);
        third.reset();
        return address(other) == three + 48 && address(again) == two && address(anew) == one &&
               address(std::make_unique<std::array<char, 33>>()) == three;
    }));
}

TEST_CASE("what is last in a frozen heap's piece makes room for any size") {
    if (is_skipped()) return;
    CHECK(holds([] {
        freeze_heap();
        auto last = std::make_unique<std::array<char, 5000>>();
        const auto where = address(last);
        last.reset();
        return address(std::make_unique<std::array<char, 7000>>()) == where;
    }));
}

TEST_CASE("what the piece cannot hold comes from the heap all the same") {
    CHECK(holds([] {
        freeze_heap();
        std::string large(std::size_t{1} << 20U, 'x');
        std::string all;
        for (int i = 0; i < 2000; ++i) all += std::string(100, 'y');
        return large.back() == 'x' && all.size() == 200'000 && all.back() == 'y';
    }));
}

TEST_CASE("a thawed heap gives again what it has got back") {
    if (is_skipped()) return;
    CHECK(holds([] {
        freeze_heap();
        auto of_piece = std::make_unique<int>(1);
        bool same = false;
        {
            const ThawedHeap thawed;
            of_piece.reset();  // stays where it is
            auto first = std::make_unique<std::string>(500, 'a');
            const auto where = address(first);
            first.reset();
            const auto second = std::make_unique<std::string>(500, 'b');
            same = address(second) == where;
        }
        const auto next = std::make_unique<int>(2);
        const auto after = std::make_unique<int>(3);
        return same && address(after) == address(next) + 16;
    }));
}

TEST_CASE("what stock is used of has no faults left") {
    if (is_skipped()) return;
    CHECK(holds([] {
        shape_heap();
        stock_heap(180'000);
        const auto before = faults();
        const std::string text(120'000, 'z');
        return text.back() == 'z' && faults() - before < 8;
    }));
}

TEST_CASE("stock of the stack has no faults left") {
    if (is_skipped()) return;
    CHECK(holds([] {
        stock_stack();
        const auto before = faults();
        volatile char deep[28'000];
        for (std::size_t i = 0; i < sizeof deep; i += 1000) deep[i] = 'd';
        return deep[0] == 'd' && faults() == before;
    }));
}

TEST_CASE("after a clone each process has a piece of its own") {
    if (is_skipped()) return;
    CHECK(holds([] {
        freeze_heap();
        auto ours = std::make_unique<int>(1);
        const bool theirs = holds([&] {
            auto next = std::make_unique<int>(2);  // goes on in its copy
            *ours = 3;
            return *next == 2;
        });
        return theirs && *ours == 1;
    }));
}

}  // namespace cleat::sys
