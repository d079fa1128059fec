// Room: tests. The program that integration tests run inside a container, static, so that a root
// file system needs nothing else. Without arguments (or with `report [SYSCTL…]`) it prints what a
// process can see of itself as one JSON object; other words make it do one small thing.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "probe_report.hpp"
#include "probe_text.hpp"

namespace {

using namespace probe;

using Words = std::vector<std::string>;

int outcome(long result) {
    const int error = result < 0 ? errno : 0;
    std::printf("%s\n", object({{"result", number(result)}, {"errno", number(error)}}).c_str());
    return result < 0 ? 1 : 0;
}

long to_long(const std::string& word) { return std::strtol(word.c_str(), nullptr, 0); }

int do_exit(const Words& words) { return static_cast<int>(to_long(words.at(0))); }

/// Waits for a signal: TERM and INT end it with 0, USR1 is written to stdout.
int do_sleep(const Words& /*words*/) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals, signal);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    std::puts("ready");
    (void)std::fflush(stdout);
    int got = 0;
    while (sigwait(&signals, &got) == 0 && got == SIGUSR1) {
        std::puts("USR1");
        (void)std::fflush(stdout);
    }
    return 0;
}

int do_write(const Words& words) {
    const int fd = open(words.at(0).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return outcome(fd);
    const std::string content = words.size() > 1 ? words[1] : "probe";
    const ssize_t written = write(fd, content.data(), content.size());
    const int result = outcome(written);
    close(fd);
    return result;
}

int do_open(const Words& words) {
    const int flags = words.size() > 1 && words[1] == "w" ? O_WRONLY : O_RDONLY;
    return outcome(open(words.at(0).c_str(), flags | O_CLOEXEC | O_NONBLOCK));
}

int do_stat(const Words& words) {
    Members members;
    for (const std::string& path : words) members.emplace_back(path, describe_file(path));
    std::printf("%s\n", object(members).c_str());
    return 0;
}

/// mknod PATH TYPE MAJOR MINOR, and whether the new node can be opened for reading.
int do_mknod(const Words& words) {
    const mode_t type = words.at(1) == "b" ? S_IFBLK : S_IFCHR;
    const dev_t device = makedev(static_cast<unsigned>(to_long(words.at(2))),
                                 static_cast<unsigned>(to_long(words.at(3))));
    const int made = mknod(words.at(0).c_str(), type | 0600, device);
    const int made_errno = made == 0 ? 0 : errno;
    const int opened = open(words.at(0).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const int opened_errno = opened >= 0 ? 0 : errno;
    std::printf("%s\n",
                object({{"mknod", number(made_errno)}, {"open", number(opened_errno)}}).c_str());
    return 0;
}

/// syscall NUMBER [ARGUMENT…]: numbers, or @TEXT for a pointer to TEXT.
int do_syscall(const Words& words) {
    std::array<long, 6> arguments{};
    for (std::size_t i = 1; i < words.size() && i <= arguments.size(); ++i) {
        const std::string& word = words[i];
        arguments.at(i - 1) =
            word.starts_with('@') ? reinterpret_cast<long>(word.c_str() + 1) : to_long(word);
    }
    return outcome(syscall(to_long(words.at(0)), arguments[0], arguments[1], arguments[2],
                           arguments[3], arguments[4], arguments[5]));
}

/// Forks up to N children that wait for the end of their parent; says how many there were.
int do_fork(const Words& words) {
    long count = 0;
    for (; count < to_long(words.at(0)); ++count) {
        const pid_t child = fork();
        if (child < 0) break;
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pause();
            _exit(0);
        }
    }
    return outcome(count);
}

/// Leaves N children behind that sleep, and sleeps itself: more than one process to kill.
int do_family(const Words& words) {
    for (long i = 0; i < to_long(words.at(0)); ++i)
        if (fork() == 0) {
            pause();
            _exit(0);
        }
    return do_sleep({});
}

/// Touches N MiB of memory.
int do_eat(const Words& words) {
    const auto size = static_cast<std::size_t>(to_long(words.at(0))) << 20U;
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) return outcome(-1);
    std::memset(memory, 1, size);
    return outcome(0);
}

int do_signal(const Words& words) {
    return kill(getpid(), static_cast<int>(to_long(words.at(0)))) == 0 ? 0 : 1;
}

/// Reads a line from stdin and prints it back after "got: ".
int do_echo(const Words& /*words*/) {
    std::array<char, 256> line{};
    if (std::fgets(line.data(), static_cast<int>(line.size()), stdin) == nullptr) return 1;
    std::printf("got: %s", line.data());
    return 0;
}

/// Sends a message to $NOTIFY_SOCKET (sd_notify(3)).
int do_notify(const Words& words) {
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const char* path = getenv("NOTIFY_SOCKET");
    if (path == nullptr) return 1;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return outcome(sendto(fd, words[0].data(), words[0].size(), 0,
                          reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

struct Command {
    const char* name;
    std::size_t least;
    int (*body)(const Words&);
};

constexpr std::array<Command, 13> kCommands = {{{"exit", 1, do_exit},
                                                {"sleep", 0, do_sleep},
                                                {"write", 1, do_write},
                                                {"open", 1, do_open},
                                                {"stat", 1, do_stat},
                                                {"mknod", 4, do_mknod},
                                                {"syscall", 1, do_syscall},
                                                {"fork", 1, do_fork},
                                                {"family", 1, do_family},
                                                {"eat", 1, do_eat},
                                                {"signal", 1, do_signal},
                                                {"echo", 0, do_echo},
                                                {"notify", 1, do_notify}}};

}  // namespace

int main(int argc, char** argv, char** envp) {
    Words words;
    for (int i = 1; i < argc; ++i) words.emplace_back(argv[i]);
    const std::string command = words.empty() ? "report" : words.front();
    if (!words.empty()) words.erase(words.begin());
    if (command == "report") return report(argv, envp, words);
    for (const Command& known : kCommands)
        if (command == known.name && words.size() >= known.least) return known.body(words);
    (void)std::fprintf(stderr, "probe: no such command, or too few words: %s\n", command.c_str());
    return 64;
}
