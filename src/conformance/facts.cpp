// Room: conformance. What a process can find out about itself. Runs inside the container that is
// judged (as its probe), and outside for comparison.
#include "facts.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/plan/names.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::conformance {
namespace {

constexpr std::array<const char*, 16> kLimits = {
    "CPU",     "FSIZE", "DATA",  "STACK",      "CORE",     "RSS",  "NPROC",  "NOFILE",
    "MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};

Value groups() {
    std::vector<::gid_t> ids(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
    if (!ids.empty() && ::getgroups(static_cast<int>(ids.size()), ids.data()) < 0) ids.clear();
    std::ranges::sort(ids);
    Value list = array();
    for (const auto id : ids) append(list, number(id));
    return list;
}

Value capabilities(const std::string& process) {
    Value out = object();
    for (const auto& [name, line] : {std::pair{"effective", "CapEff"},
                                     {"permitted", "CapPrm"},
                                     {"inheritable", "CapInh"},
                                     {"bounding", "CapBnd"},
                                     {"ambient", "CapAmb"}}) {
        constexpr int kHex = 16;
        const auto mask = parse_number<std::uint64_t>(status_line(process, line), kHex);
        Value names = array();
        const std::string list = plan::capability_names(mask.value_or(0));
        for (const auto one : split(list, ' '))
            if (one.starts_with("CAP_")) append(names, text(one));
        put(out, name, std::move(names));
    }
    return out;
}

Value limits() {
    Value out = object();
    for (std::size_t i = 0; i < kLimits.size(); ++i) {
        ::rlimit64 limit{};
        if (::syscall(SYS_prlimit64, 0, i, nullptr, &limit) != 0) continue;
        Value pair = array();
        append(pair, unsigned_number(limit.rlim_cur));
        append(pair, unsigned_number(limit.rlim_max));
        put(out, kLimits.at(i), std::move(pair));
    }
    return out;
}

Value scheduling() {
    struct Attributes {  // sched_getattr(2)
        std::uint32_t size, policy;
        std::uint64_t flags;
        std::int32_t nice;
        std::uint32_t priority;
        std::uint64_t runtime, deadline, period;
    } found{};
    Value out = object();
    if (::syscall(SYS_sched_getattr, 0, &found, sizeof found, 0) == 0) {
        put(out, "policy", number(found.policy));
        put(out, "flags", unsigned_number(found.flags));
        put(out, "nice", number(found.nice));
        put(out, "priority", number(found.priority));
        put(out, "runtime", unsigned_number(found.runtime));
    }
    constexpr int kProcess = 1;
    constexpr int kClassShift = 13;
    constexpr long kLevel = 0x1fff;
    const long io = ::syscall(SYS_ioprio_get, kProcess, 0);
    put(out, "ioclass", number(io >> kClassShift));
    put(out, "iolevel", number(io & kLevel));
    put(out, "cpus", text(status_line("self", "Cpus_allowed_list")));
    put(out, "mems", text(status_line("self", "Mems_allowed_list")));
    return out;
}

Value memory_policy() {
    constexpr unsigned long kBits = 1024;
    std::array<unsigned long, kBits / 64> nodes{};
    int mode = -1;
    Value out = object();
    if (::syscall(SYS_get_mempolicy, &mode, nodes.data(), kBits, nullptr, 0) != 0) return out;
    constexpr int kFlags = 0xe000;
    put(out, "mode", number(mode & ~kFlags));
    put(out, "flags", number(mode & kFlags));
    put(out, "nodes", unsigned_number(nodes[0]));
    return out;
}

/// What each open descriptor refers to; the one of the directory itself is gone by now.
Value descriptors() {
    constexpr int kMost = 256;
    Value out = object();
    for (int fd = 0; fd < kMost; ++fd) {
        struct ::stat status{};
        if (::fstat(fd, &status) != 0) continue;
        const auto target = sys::read_link_at(sys::kHere, concat("/proc/self/fd/", fd).c_str());
        put(out, concat(fd), text(target.value_or("?")));
    }
    return out;
}

std::string working_directory() {
    constexpr std::size_t kPath = 4096;
    std::string path(kPath, '\0');
    // The system call itself, as the library hides that a directory is out of reach.
    const long length = ::syscall(SYS_getcwd, path.data(), path.size());
    path.resize(length > 0 ? static_cast<std::size_t>(length) - 1 : 0);
    return path;
}

void add_names(Value& out) {
    ::utsname names{};
    if (::uname(&names) != 0) return;
    put(out, "hostname", text(names.nodename));
    put(out, "domainname", text(names.domainname));
    put(out, "machine", text(names.machine));
}

void add_ids(Value& out) {
    put(out, "uid", number(::getuid()));
    put(out, "euid", number(::geteuid()));
    put(out, "gid", number(::getgid()));
    put(out, "egid", number(::getegid()));
    put(out, "groups", groups());
    put(out, "pid", number(::getpid()));
    put(out, "ppid", number(::getppid()));
    put(out, "sid", number(::getsid(0)));
    const mode_t mask = ::umask(0);
    ::umask(mask);
    put(out, "umask", text(octal(mask)));
    put(out, "nnp", number(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
    put(out, "dumpable", number(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)));
    constexpr unsigned long kAsk = 0xffffffffUL;
    put(out, "personality", number(::personality(kAsk)));
    constexpr long kSession = -3;
    constexpr long kDescribe = 6;
    std::array<char, 256> name{};
    if (::syscall(SYS_keyctl, kDescribe, kSession, name.data(), name.size()) > 0)
        put(out, "keyring", text(name.data()));
}

void add_files(Value& out) {
    put(out, "seccomp", text(status_line("self", "Seccomp")));
    for (const char* const name : {"oom_score_adj", "uid_map", "gid_map", "cgroup", "setgroups",
                                   "timens_offsets", "loginuid"}) {
        // Columns are made one space wide, as who compares them wants no more.
        std::string words;
        for (const char c : content_of(concat("/proc/self/", name)))
            if ((c != ' ' && c != '\t') || (!words.empty() && words.back() != ' '))
                words += c == '\t' ? ' ' : c;
        while (words.starts_with(' ')) words.erase(0, 1);
        put(out, name, text(words));
    }
}

Value network_devices() {
    Value out = array();
    const std::string table = content_of("/proc/self/net/dev");
    for (const auto line : split(table, '\n')) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const auto begin = line.find_first_not_of(' ');
        append(out, text(line.substr(begin, colon - begin)));
    }
    return out;
}

Value environment() {
    Value out = array();
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
        append(out, text(*variable));
    return out;
}

}  // namespace

std::string content_of(const std::string& path) {
    auto content = sys::read_text_at(sys::kHere, path.c_str());
    if (!content) return {};
    while (content->ends_with('\n')) content->pop_back();
    return *std::move(content);
}

std::string status_line(const std::string& process, std::string_view name) {
    const std::string status = content_of(concat("/proc/", process, "/status"));
    for (const auto line : split(status, '\n')) {
        if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
        const auto begin = line.find_first_not_of(" \t", name.size() + 1);
        return begin == std::string_view::npos ? std::string() : std::string(line.substr(begin));
    }
    return {};
}

Value namespaces_of(const std::string& process) {
    Value out = object();
    for (const char* const name : {"pid", "net", "mnt", "ipc", "uts", "user", "cgroup", "time"}) {
        const auto target =
            sys::read_link_at(sys::kHere, concat("/proc/", process, "/ns/", name).c_str());
        if (target) put(out, name, text(*target));
    }
    return out;
}

Value file_facts(const std::string& path) {
    Value out = object();
    const auto status = sys::stat_at(sys::kHere, path.c_str(), AT_SYMLINK_NOFOLLOW);
    if (!status) {
        put(out, "errno", text(errno_name(status.error().errno_value)));
        return out;
    }
    constexpr std::array<std::pair<mode_t, const char*>, 7> kTypes = {{{S_IFCHR, "c"},
                                                                       {S_IFBLK, "b"},
                                                                       {S_IFIFO, "p"},
                                                                       {S_IFDIR, "d"},
                                                                       {S_IFLNK, "l"},
                                                                       {S_IFSOCK, "s"},
                                                                       {S_IFREG, "f"}}};
    constexpr mode_t kMode = 07777;
    for (const auto& [type, name] : kTypes)
        if ((status->st_mode & S_IFMT) == type) put(out, "type", text(name));
    put(out, "mode", text(octal(status->st_mode & kMode)));
    put(out, "uid", number(status->st_uid));
    put(out, "gid", number(status->st_gid));
    put(out, "size", number(status->st_size));
    put(out, "device", text(concat(::major(status->st_rdev), ":", ::minor(status->st_rdev))));
    const auto target = sys::read_link_at(sys::kHere, path.c_str());
    if (target) put(out, "target", text(*target));
    return out;
}

Value mounts_in(std::string_view mountinfo) {
    constexpr std::size_t kRoot = 3, kPoint = 4, kOptions = 5, kOptional = 6;
    Value out = object();
    for (const auto line : split(mountinfo, '\n')) {
        const auto words = split(line, ' ');
        const auto dash = static_cast<std::size_t>(std::ranges::find(words, std::string_view("-")) -
                                                   words.begin());
        if (words.size() < dash + 4 || dash < kOptional) continue;
        std::string name(words[kPoint].substr(1));
        std::ranges::replace(name, '/', ':');
        Value mount = object();
        const auto list = [&](const char* key, std::string_view commas) {
            Value items = array();
            for (const auto item : split(commas, ',')) append(items, text(item));
            put(mount, key, std::move(items));
        };
        list("options", words[kOptions]);
        list("super", words[dash + 3]);
        put(mount, "root", text(words[kRoot]));
        put(mount, "type", text(words[dash + 1]));
        put(mount, "source", text(words[dash + 2]));
        Value optional = array();
        for (std::size_t i = kOptional; i < dash; ++i)
            append(optional, text(words[i].substr(0, words[i].find(':'))));
        put(mount, "propagation", std::move(optional));
        put(out, name, std::move(mount));
    }
    return out;
}

Value facts(const std::vector<std::string>& arguments) {
    Value out = object();
    put(out, "fds", descriptors());
    add_ids(out);
    add_names(out);
    add_files(out);
    put(out, "caps", capabilities("self"));
    put(out, "rlimits", limits());
    put(out, "ns", namespaces_of("self"));
    put(out, "sched", scheduling());
    put(out, "mempolicy", memory_policy());
    put(out, "cwd", text(working_directory()));
    put(out, "args", texts(arguments));
    put(out, "env", environment());
    put(out, "netdevices", network_devices());
    put(out, "mounts", mounts_in(content_of("/proc/self/mountinfo")));
    put(out, "tty", number(::isatty(STDIN_FILENO)));
    return out;
}

}  // namespace cleat::conformance
