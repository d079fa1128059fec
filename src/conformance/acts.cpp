// Room: conformance. Small things that the probe does. Runs inside the container that is judged:
// what it opens, makes and mounts is the container's own affair, so no room stands in between.
#include "acts.hpp"

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "facts.hpp"
#include "part.hpp"
#include "spawn.hpp"

namespace cleat::conformance {
namespace {

using Words = std::vector<std::string>;

constexpr mode_t kMode = 0644;
constexpr mode_t kDirectoryMode = 0755;
constexpr std::chrono::seconds kPatience{5};

Value outcome(long result) { return text(result < 0 ? errno_name(errno) : std::string_view("ok")); }

Value outcome(const Result<void>& result) {
    return text(result ? std::string_view("ok") : errno_name(result.error().errno_value));
}

long to_number(const std::string& word) { return parse_number<long>(word).value_or(0); }

Value do_read(const Words& words) {
    auto content = sys::read_text_at(sys::kHere, words[0].c_str());
    if (!content) return text(errno_name(content.error().errno_value));
    while (content->ends_with('\n')) content->pop_back();
    return text(*content);
}

/// open:PATH:r|w|rw|c (c makes it)
Value do_open(const Words& words) {
    int flags = words[1] == "r" ? O_RDONLY : words[1] == "rw" ? O_RDWR : O_WRONLY;
    if (words[1] == "c") flags |= O_CREAT;
    const sys::Fd fd(::open(words[0].c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kMode));
    return outcome(fd.get());
}

/// write:PATH:TEXT makes the file if it is missing.
Value do_write(const Words& words) {
    const sys::Fd fd(::open(words[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    return fd ? outcome(sys::write_all(fd.get(), words[1])) : outcome(-1);
}

Value do_stat(const Words& words) { return file_facts(words[0]); }

/// access:PATH:read: whether a byte comes out of a device, directory or file.
Value do_bytes(const Words& words) {
    const auto fd = sys::open_at(sys::kHere, words[0].c_str(), O_RDONLY | O_NONBLOCK);
    if (!fd) return text(errno_name(fd.error().errno_value));
    char byte = 0;
    const auto got = ::read(fd->get(), &byte, 1);
    return got < 0 ? outcome(-1) : number(got);
}

Value do_list(const Words& words) {
    const auto names = sys::list_directory_at(sys::kHere, words[0].c_str());
    return names ? texts(*names) : text(errno_name(names.error().errno_value));
}

Value do_mkdir(const Words& words) { return outcome(::mkdir(words[0].c_str(), kDirectoryMode)); }
Value do_chown(const Words& words) {
    return outcome(::chown(words[0].c_str(), static_cast<uid_t>(to_number(words[1])),
                           static_cast<gid_t>(to_number(words[1]))));
}
Value do_unlink(const Words& words) { return outcome(::unlink(words[0].c_str())); }
Value do_symlink(const Words& words) {
    return outcome(::symlink(words[0].c_str(), words[1].c_str()));
}

/// mknod:PATH:c|b:MAJOR:MINOR, and then whether it can be opened.
Value do_mknod(const Words& words) {
    const mode_t type = words[1] == "b" ? S_IFBLK : S_IFCHR;
    const auto device = ::makedev(static_cast<unsigned>(to_number(words[2])),
                                  static_cast<unsigned>(to_number(words[3])));
    if (::mknod(words[0].c_str(), type | kMode, device) != 0) return outcome(-1);
    const sys::Fd fd(::open(words[0].c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    return text(fd ? std::string("ok") : concat("open ", errno_name(errno)));
}

/// mount:TYPE:PATH
Value do_mount(const Words& words) {
    return outcome(::mount("none", words[1].c_str(), words[0].c_str(), 0, nullptr));
}
Value do_umount(const Words& words) { return outcome(::umount2(words[0].c_str(), MNT_DETACH)); }
Value do_remount(const Words& words) {
    return outcome(::mount(nullptr, words[0].c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr));
}

/// exec:PATH[:WORD…]: its exit status, or why it could not be executed.
Value do_exec(const Words& words) {
    Children children;
    const auto pid = spawn({.words = words});
    if (!pid) return text(errno_name(pid.error().errno_value));
    const auto status = children.wait(*pid, kPatience);
    if (!status) children.kill(*pid);
    return status ? number(*status) : text("hangs");
}

/// fork:N: how many processes could be made beside this one; they are gone afterwards.
Value do_fork(const Words& words) {
    Children children;
    long made = 0;
    while (made < to_number(words[0]) &&
           spawn({.words = {"/proc/self/exe", kPart, "probe", "pause"}}))
        ++made;
    children.sweep({});
    return number(made);
}

/// leave:N: makes N processes and leaves them behind.
Value do_leave(const Words& words) {
    long made = 0;
    while (made < to_number(words[0]) &&
           spawn({.words = {"/proc/self/exe", kPart, "probe", "pause"}}))
        ++made;
    return number(made);
}

/// eat:N: touches N MiB.
Value do_eat(const Words& words) {
    const auto size = static_cast<std::size_t>(to_number(words[0])) << 20U;
    void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return outcome(memory == MAP_FAILED ? -1 : 0);
}

Value do_kill(const Words& words) {
    return outcome(
        ::kill(static_cast<pid_t>(to_number(words[0])), static_cast<int>(to_number(words[1]))));
}

Value do_clock(const Words& words) {
    ::timespec now{};
    const auto clock = words[0] == "boottime" ? CLOCK_BOOTTIME : CLOCK_MONOTONIC;
    ::clock_gettime(clock, &now);
    return number(now.tv_sec);
}

Value do_sethostname(const Words& words) {
    return outcome(::sethostname(words[0].c_str(), words[0].size()));
}

/// socket:DOMAIN:TYPE
Value do_socket(const Words& words) {
    const sys::Fd fd(::socket(static_cast<int>(to_number(words[0])),
                              static_cast<int>(to_number(words[1])) | SOCK_CLOEXEC, 0));
    return outcome(fd.get());
}

Value do_setuid(const Words& words) {
    return outcome(::setuid(static_cast<uid_t>(to_number(words[0]))));
}

/// call:NUMBER[:ARGUMENT…]: any system call with numbers.
Value do_call(const Words& words) {
    std::array<long, 6> given{};
    for (std::size_t i = 1; i < words.size() && i <= given.size(); ++i)
        given.at(i - 1) = to_number(words[i]);
    return outcome(
        ::syscall(to_number(words[0]), given[0], given[1], given[2], given[3], given[4], given[5]));
}

Value do_tiocsti(const Words& /*words*/) {
    constexpr unsigned long kTiocsti = 0x5412;
    char byte = 'x';
    return outcome(::syscall(SYS_ioctl, STDIN_FILENO, kTiocsti, &byte));
}

Value do_size(const Words& /*words*/) {
    struct {
        unsigned short rows, columns, x, y;
    } size{};
    constexpr unsigned long kTiocgwinsz = 0x5413;
    if (::syscall(SYS_ioctl, STDIN_FILENO, kTiocgwinsz, &size) != 0) return outcome(-1);
    return text(concat(size.rows, "x", size.columns));
}

struct Act {
    std::string_view name;
    std::size_t least;
    Value (*body)(const Words&);
};

constexpr Act kActs[] = {
    {"read", 1, do_read},       {"open", 2, do_open},       {"write", 2, do_write},
    {"stat", 1, do_stat},       {"bytes", 1, do_bytes},     {"list", 1, do_list},
    {"mkdir", 1, do_mkdir},     {"chown", 2, do_chown},     {"unlink", 1, do_unlink},
    {"symlink", 2, do_symlink}, {"mknod", 4, do_mknod},     {"mount", 2, do_mount},
    {"umount", 1, do_umount},   {"remount", 1, do_remount}, {"exec", 1, do_exec},
    {"fork", 1, do_fork},       {"leave", 1, do_leave},     {"eat", 1, do_eat},
    {"kill", 2, do_kill},       {"clock", 1, do_clock},     {"sethostname", 1, do_sethostname},
    {"socket", 2, do_socket},   {"setuid", 1, do_setuid},   {"call", 1, do_call},
    {"tiocsti", 0, do_tiocsti}, {"size", 0, do_size}};

}  // namespace

Value act(const std::string& words) {
    Words arguments;
    for (const auto word : split(words, ':')) arguments.emplace_back(word);
    const std::string verb = arguments.front();
    arguments.erase(arguments.begin());
    for (const auto& known : kActs)
        if (known.name == verb && arguments.size() >= known.least) return known.body(arguments);
    return text(concat("no such act: ", words));
}

}  // namespace cleat::conformance
