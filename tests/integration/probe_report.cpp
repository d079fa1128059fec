// Room: tests. What a process can see of itself, as one JSON object.
#include "probe_report.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "probe_text.hpp"

namespace probe {
namespace {

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

}  // namespace

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

}  // namespace probe
