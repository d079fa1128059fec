// Room: launch. A child in the memory of its parent.
#pragma once

#include <linux/sched.h>
#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "cleat/base/error.hpp"
#include "cleat/base/shortcuts.hpp"
#include "clone.hpp"

namespace cleat::launch {

// Its call must not return into a frame that the child has written over, which C++ cannot say; and
// a sanitizer keeps books of the memory of one process.
#if (defined __x86_64__ || defined __aarch64__) && !defined __SANITIZE_ADDRESS__ && \
    !defined __SANITIZE_THREAD__
constexpr bool kHasVfork = kShortcuts;
#else
constexpr bool kHasVfork = false;
#endif

/// vfork(2), whose caller goes on: the child has its parent's memory, not a copy of it, until it
/// executes a program or ends. Nothing is copied, neither pages nor tables of them, and in a
/// virtual machine the host's tables stay right, too. A thread is made that clones, and that the
/// kernel stops meanwhile: its stack and its thread-local storage (errno, the frozen heap) are the
/// child's.
///
/// Neither may write what the other one uses: the child works with objects of its own, and takes no
/// lock that the parent could wait for, as it may be killed while it holds it. The frozen heap has
/// none; what its piece cannot hold comes from malloc(3), where a thread has an arena to itself.
/// The parent must not delete what the child has made.
class Vfork {
 public:
    Vfork() = default;
    Vfork(const Vfork&) = delete;
    Vfork& operator=(const Vfork&) = delete;
    ~Vfork() { join(); }

    /// Once. `work` runs in the child, with a frozen heap, and does not return.
    /// Errors: of pthread_create(3); nothing has begun then.
    [[nodiscard]] Result<void> begin(const CloneRequest& request, std::function<void()> work);
    /// Once, after begin(): waits until there is a child. Errors: of clone3(2).
    [[nodiscard]] Result<Cloned> meet();

    /// Waits until the child has executed a program or ended, and for the end of the thread.
    void join() noexcept;

 private:
    enum State { Unknown, Born, Failed };

    static void* clone_in_thread(void* self) noexcept;
    [[noreturn]] static void be_child(void* self) noexcept;
    void tell(State state) noexcept;

    std::function<void()> work_;
    std::unique_ptr<std::byte[]> piece_;  ///< of the heap, the child's
    ::clone_args arguments_{};
    pid_t pid_ = 0;
    int pidfd_ = -1;
    int error_ = 0;
    std::atomic<int> state_ = Unknown;
    std::optional<::pthread_t> thread_;
};

}  // namespace cleat::launch
