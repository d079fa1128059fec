// Room: launch. clone3(2) with CLONE_VM and CLONE_VFORK, in a thread.
#include "vfork.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <memory>
#include <utility>

#include "cleat/sys/heap.hpp"
#include "cleat/sys/image.hpp"

// pthread_create(3) gives a thread its state of the resolver, and has it freed at the end: with
// that would come the resolver and all that reads its files. A linker takes the first definition of
// a name, and who looks up no host has no use for more.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-*,readability-identifier-naming): names of the C
// library
extern "C" {
thread_local struct __res_state* __libc_resp = nullptr;
/// Frees what strerror(3) and malloc(3) keep for a thread, too: ours is the only one, and leaves
/// it.
void __libc_thread_freeres() {}
}
// NOLINTEND(bugprone-reserved-identifier,cert-*,readability-identifier-naming)

namespace cleat::launch {
namespace {

/// Of memory that has been used before: the whole of it costs nothing until it is touched.
constexpr std::size_t kPiece = std::size_t{64} << 10U;

/// clone3(2); the child goes on in `enter`, on the same stack below what its parent has there.
/// Gives what the kernel gives the parent: a pid, or an error below 0.
[[gnu::noinline]] long clone_into(::clone_args& arguments, void (*enter)(void*), void* given) {
#if defined __x86_64__
    long result = SYS_clone3;
    asm volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "sub $128, %%rsp\n\t"  // what is below the pointer may be in use, too: the red zone
        "and $-16, %%rsp\n\t"
        "mov %[given], %%rdi\n\t"
        "call *%[enter]\n\t"
        "hlt\n"
        "1:"
        : "+a"(result)
        : "D"(&arguments), "S"(sizeof arguments), [enter] "r"(enter), [given] "r"(given)
        : "rcx", "r11", "cc", "memory");
    return result;
#elif defined __aarch64__
    register long number asm("x8") = SYS_clone3;
    register long result asm("x0") = reinterpret_cast<long>(&arguments);
    register long size asm("x1") = sizeof arguments;
    asm volatile(
        "svc #0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x0, %[given]\n\t"
        "blr %[enter]\n\t"
        "brk #0\n"
        "1:"
        : "+r"(result)
        : "r"(number), "r"(size), [enter] "r"(enter), [given] "r"(given)
        : "cc", "memory");
    return result;
#else
    static_cast<void>(arguments);
    static_cast<void>(enter);
    static_cast<void>(given);
    return -ENOSYS;
#endif
}

/// pthread_create(3) with a small stack, and without signals: those are for the caller.
int start_thread(::pthread_t& thread, void* (*run)(void*), void* given) noexcept {
    constexpr std::size_t kStack = std::size_t{1} << 20U;  // untouched it costs nothing
    ::pthread_attr_t attributes;
    if (const int error = ::pthread_attr_init(&attributes); error != 0) return error;
    ::sigset_t all;
    ::sigfillset(&all);
    int error = ::pthread_attr_setstacksize(&attributes, kStack);
    if (error == 0) error = ::pthread_attr_setsigmask_np(&attributes, &all);
    if (error == 0) error = ::pthread_create(&thread, &attributes, run, given);
    ::pthread_attr_destroy(&attributes);
    return error;
}

}  // namespace

Result<void> Vfork::begin(const CloneRequest& request, std::function<void()> work) {
    work_ = std::move(work);
    arguments_ = arguments_of(request);
    arguments_.flags |= CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID;
    arguments_.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd_);  // the kernel's interface
    arguments_.parent_tid =
        reinterpret_cast<std::uintptr_t>(&pid_);  // written before the child runs
    piece_ = std::make_unique_for_overwrite<std::byte[]>(kPiece);
    ::pthread_t thread{};
    if (const int error = start_thread(thread, clone_in_thread, this); error != 0)
        return fail_errno("make process", error);
    thread_ = thread;
    return {};
}

Result<Cloned> Vfork::meet() {
    state_.wait(Unknown);
    if (state_ == Failed) return fail_errno("make process", error_);
    return Cloned{.pid = pid_, .pidfd = sys::Fd(pidfd_)};
}

void Vfork::join() noexcept {
    if (const auto thread = std::exchange(thread_, std::nullopt)) ::pthread_join(*thread, nullptr);
}

void Vfork::tell(State state) noexcept {
    state_ = state;
    state_.notify_one();
}

void* Vfork::clone_in_thread(void* self) noexcept {
    auto& made = *static_cast<Vfork*>(self);
    const long result = clone_into(made.arguments_, be_child, self);
    // Who was killed before it said so has been born, too.
    made.error_ = static_cast<int>(-result);
    made.tell(result < 0 ? Failed : Born);
    return nullptr;
}

void Vfork::be_child(void* self) noexcept {
    auto& made = *static_cast<Vfork*>(self);
    made.tell(Born);
    sys::map_working_image(sys::Kin::Sharer);
    sys::freeze_heap({made.piece_.get(), kPiece});
    made.work_();
    ::_exit(1);
}

}  // namespace cleat::launch
