// Room: tests. The program that integration tests run inside a container, static, so that a root
// file system needs nothing else. Without arguments (or with `report [SYSCTL…]`) it prints what a
// process can see of itself as one JSON object; other words make it do one small thing.
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

// ---- JSON ------------------------------------------------------------------------------------

std::string text(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
            out += escape.data();
        } else {
            out += c;
        }
    }
    return out + "\"";
}

template <class T>
std::string number(T value) {
    return std::to_string(value);
}

std::string list(const std::vector<std::string>& items) {
    std::string out = "[";
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ',';
        out += items[i];
    }
    return out + "]";
}

using Members = std::vector<std::pair<std::string, std::string>>;

std::string object(const Members& members) {
    std::string out = "{";
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (i > 0) out += ',';
        out += text(members[i].first) + ":" + members[i].second;
    }
    return out + "}";
}

// ---- files -----------------------------------------------------------------------------------

/// The content of a file; "null" as JSON if it cannot be read.
std::string file_or_null(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return "null";
    std::string content;
    std::array<char, 4096> buffer{};
    ssize_t got = 0;
    while ((got = read(fd, buffer.data(), buffer.size())) > 0)
        content.append(buffer.data(), static_cast<std::size_t>(got));
    close(fd);
    while (!content.empty() && content.back() == '\n') content.pop_back();
    return got < 0 ? "null" : text(content);
}

std::string lines_of(const std::string& path) {
    FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return "null";
    std::vector<std::string> lines;
    char* line = nullptr;
    std::size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0) {
        line[std::strcspn(line, "\n")] = '\0';
        lines.push_back(text(line));
    }
    std::free(line);
    (void)std::fclose(file);
    return list(lines);
}

std::string link_or_null(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = readlink(path.c_str(), target.data(), target.size());
    if (length < 0) return "null";
    return text({target.data(), static_cast<std::size_t>(length)});
}

std::vector<std::string> names_in(const char* directory) {
    std::vector<std::string> names;
    DIR* stream = opendir(directory);
    if (stream == nullptr) return names;
    while (const dirent* entry = readdir(stream)) {
        const std::string name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..") names.push_back(name);
    }
    closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

std::string type_of(mode_t mode) {
    if (S_ISCHR(mode)) return "c";
    if (S_ISBLK(mode)) return "b";
    if (S_ISFIFO(mode)) return "p";
    if (S_ISDIR(mode)) return "d";
    if (S_ISLNK(mode)) return "l";
    if (S_ISSOCK(mode)) return "s";
    return "f";
}

std::string describe_file(const std::string& path) {
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0) return object({{"errno", number(errno)}});
    Members members = {
        {"type", text(type_of(info.st_mode))}, {"mode", number(info.st_mode & 07777U)},
        {"uid", number(info.st_uid)},          {"gid", number(info.st_gid)},
        {"size", number(info.st_size)},        {"major", number(major(info.st_rdev))},
        {"minor", number(minor(info.st_rdev))}};
    if (S_ISLNK(info.st_mode)) members.emplace_back("target", link_or_null(path));
    return object(members);
}

// ---- the report ------------------------------------------------------------------------------

std::string groups() {
    std::array<gid_t, 1024> ids{};
    const int count = getgroups(static_cast<int>(ids.size()), ids.data());
    std::vector<std::string> items;
    for (int i = 0; i < count; ++i) items.push_back(number(ids.at(static_cast<std::size_t>(i))));
    return list(items);
}

std::string umask_value() {
    const mode_t mask = umask(0);
    umask(mask);
    return number(mask);
}

std::string cwd() {
    std::array<char, PATH_MAX> path{};
    return getcwd(path.data(), path.size()) == nullptr ? "null" : text(path.data());
}

std::string bits(unsigned long long value) {
    std::vector<std::string> set;
    for (int bit = 0; bit < 64; ++bit)
        if (((value >> bit) & 1U) != 0) set.push_back(number(bit));
    return list(set);
}

std::string bits_by_prctl(int first, int second) {
    unsigned long long value = 0;
    for (unsigned long bit = 0; bit < 64; ++bit) {
        const int has = second < 0 ? prctl(first, bit, 0, 0, 0) : prctl(first, second, bit, 0, 0);
        if (has == 1) value |= 1ULL << bit;
    }
    return bits(value);
}

std::string capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    syscall(SYS_capget, &header, data.data());
    const auto whole = [](std::uint32_t low, std::uint32_t high) {
        return bits((static_cast<unsigned long long>(high) << 32U) | low);
    };
    return object({{"effective", whole(data[0].effective, data[1].effective)},
                   {"permitted", whole(data[0].permitted, data[1].permitted)},
                   {"inheritable", whole(data[0].inheritable, data[1].inheritable)},
                   {"bounding", bits_by_prctl(PR_CAPBSET_READ, -1)},
                   {"ambient", bits_by_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET)}});
}

std::string rlimits() {
    constexpr std::array<const char*, 16> kNames = {
        "CPU",     "FSIZE", "DATA",  "STACK",      "CORE",     "RSS",  "NPROC",  "NOFILE",
        "MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};
    Members members;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        rlimit64 limit{};
        if (syscall(SYS_prlimit64, 0, i, nullptr, &limit) != 0) continue;
        members.emplace_back(std::string("RLIMIT_") + kNames.at(i),
                             list({number(limit.rlim_cur), number(limit.rlim_max)}));
    }
    return object(members);
}

std::string namespaces() {
    Members members;
    for (const char* name : {"pid", "net", "mnt", "ipc", "uts", "user", "cgroup", "time"})
        members.emplace_back(name, link_or_null(std::string("/proc/self/ns/") + name));
    return object(members);
}

std::string descriptors() {
    std::vector<std::string> items;
    for (int fd = 0; fd < 1024; ++fd) {
        struct stat info{};
        if (fstat(fd, &info) != 0) continue;
        items.push_back(
            object({{"fd", number(fd)},
                    {"type", text(type_of(info.st_mode))},
                    {"device", number(info.st_dev)},
                    {"inode", number(info.st_ino)},
                    {"rdev", text(number(major(info.st_rdev)) + ":" + number(minor(info.st_rdev)))},
                    {"uid", number(info.st_uid)},
                    {"target", link_or_null("/proc/self/fd/" + number(fd))}}));
    }
    return list(items);
}

std::string terminal() {
    if (isatty(0) == 0) return "null";
    winsize size{};
    ioctl(0, TIOCGWINSZ, &size);
    const int controlling = open("/dev/tty", O_RDWR | O_CLOEXEC);
    const std::string has_controlling = controlling >= 0 ? "true" : "false";
    if (controlling >= 0) close(controlling);
    std::array<char, 64> name{};
    const bool named = ttyname_r(0, name.data(), name.size()) == 0;
    return object({{"name", named ? text(name.data()) : "null"},
                   {"rows", number(size.ws_row)},
                   {"columns", number(size.ws_col)},
                   {"controlling", has_controlling}});
}

std::string scheduling() {
    sched_param parameters{};
    sched_getparam(0, &parameters);
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    std::vector<std::string> cpus;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) cpus.push_back(number(cpu));
    const long ioprio = syscall(SYS_ioprio_get, 1, 0);
    return object({{"policy", number(sched_getscheduler(0))},
                   {"nice", number(getpriority(PRIO_PROCESS, 0))},
                   {"priority", number(parameters.sched_priority)},
                   {"cpus", list(cpus)},
                   {"ioprio_class", number(ioprio >> 13)},
                   {"ioprio_priority", number(ioprio & 0x1fff)}});
}

std::string memory_policy() {
    int mode = -1;
    std::array<unsigned long, 16> nodes{};
    if (syscall(SYS_get_mempolicy, &mode, nodes.data(), nodes.size() * 64, nullptr, 0) != 0)
        return "null";
    return object({{"mode", number(mode)}, {"nodes", bits(nodes[0])}});
}

std::string devices() {
    Members members;
    for (const std::string& name : names_in("/dev"))
        members.emplace_back(name, describe_file("/dev/" + name));
    return object(members);
}

std::string session_keyring() {
    std::array<char, 256> name{};
    const long length =
        syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, name.data(), name.size());
    return length < 0 ? "null" : text(name.data());
}

std::string host_name() {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size());
    return text(name.data());
}

std::string domain_name() {
    std::array<char, 256> name{};
    (void)!getdomainname(name.data(), name.size());
    return text(name.data());
}

std::string sysctls(const std::vector<std::string>& names) {
    Members members;
    for (const std::string& name : names) {
        std::string path = name;
        std::replace(path.begin(), path.end(), '.', '/');
        members.emplace_back(name, file_or_null("/proc/sys/" + path));
    }
    return object(members);
}

std::string strings(char** array) {
    std::vector<std::string> items;
    for (; *array != nullptr; ++array) items.push_back(text(*array));
    return list(items);
}

std::string ignored_and_blocked_signals() {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigprocmask(SIG_BLOCK, nullptr, &blocked);
    std::vector<std::string> blocked_numbers;
    std::vector<std::string> ignored_numbers;
    for (int signal = 1; signal <= 64; ++signal) {
        if (sigismember(&blocked, signal) == 1) blocked_numbers.push_back(number(signal));
        struct sigaction action{};
        if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN)
            ignored_numbers.push_back(number(signal));
    }
    return object({{"blocked", list(blocked_numbers)}, {"ignored", list(ignored_numbers)}});
}

Members identity() {
    return {{"uid", number(getuid())},
            {"euid", number(geteuid())},
            {"gid", number(getgid())},
            {"egid", number(getegid())},
            {"groups", groups()},
            {"umask", umask_value()},
            {"pid", number(getpid())},
            {"ppid", number(getppid())},
            {"pgid", number(getpgid(0))},
            {"sid", number(getsid(0))},
            {"capabilities", capabilities()},
            {"rlimits", rlimits()},
            {"namespaces", namespaces()},
            {"cwd", cwd()},
            {"hostname", host_name()},
            {"domainname", domain_name()},
            {"scheduling", scheduling()},
            {"memory_policy", memory_policy()},
            {"keyring", session_keyring()},
            {"terminal", terminal()},
            {"signals", ignored_and_blocked_signals()}};
}

int report(char** argv, char** envp, const std::vector<std::string>& sysctl_names) {
    // Descriptors first: what follows opens some for a moment.
    Members members = {{"fds", descriptors()}};
    for (auto& member : identity()) members.push_back(std::move(member));
    const auto add = [&members](const char* name, std::string value) {
        members.emplace_back(name, std::move(value));
    };
    add("args", strings(argv));
    add("env", strings(envp));
    add("no_new_privs", number(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
    add("dumpable", number(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)));
    add("personality", number(personality(0xffffffffUL)));
    add("status", lines_of("/proc/self/status"));
    add("mounts", lines_of("/proc/self/mountinfo"));
    add("cgroup", lines_of("/proc/self/cgroup"));
    add("uid_map", lines_of("/proc/self/uid_map"));
    add("gid_map", lines_of("/proc/self/gid_map"));
    add("timens_offsets", lines_of("/proc/self/timens_offsets"));
    add("net_devices", lines_of("/proc/net/dev"));
    add("oom_score_adj", file_or_null("/proc/self/oom_score_adj"));
    add("devices", devices());
    add("sysctl", sysctls(sysctl_names));
    std::printf("%s\n", object(members).c_str());
    return std::fflush(stdout) == 0 ? 0 : 1;
}

// ---- small things to do ----------------------------------------------------------------------

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
