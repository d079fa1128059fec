// Room: tests. The least that the kernel needs for the container of bundles.py: its work alone,
// without a configuration, a check or a state. What a runtime needs beyond it is the runtime's own.
//
//   floor run NAME HIERARCHIES FILTER DEVICES ROOTFS PROGRAM…  a container, to its end
//   floor exec NAME HIERARCHIES FILTER - PID PROGRAM…          a process in the container of PID
//
// NAME is the cgroup's; HIERARCHIES the mount points of cgroups, v1 and v2, with colons between;
// FILTER a file of struct sock_filter; DEVICES one of struct bpf_insn, or - if v1 decides about
// devices (bpf.py). The status is 0 if the program's was, and 9 otherwise. Descriptors are left to
// exec and exit.
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

using std::string_literals::operator""s;
using Text = const char*;
using Pairs = std::initializer_list<std::pair<Text, Text>>;

constexpr std::uint32_t kCapabilities = 0xa80425fb;  // Docker's
constexpr unsigned kNested = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV;
constexpr unsigned kReadOnly = MOUNT_ATTR_RDONLY;
constexpr unsigned kNamespaces =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET;

struct Hierarchy {
    std::string name, cgroup;
    bool unified;
};

struct Job {
    std::vector<Hierarchy> hierarchies;
    std::vector<sock_filter> filter;
    Text devices, target;  // target: the root file system, or a pid
    char** program;
};

template <class Number = int>
Number must(long result, Text what) {
    if (result >= 0) return static_cast<Number>(result);
    std::perror(what);
    _exit(9);
}

template <class Items>
Items content(const std::string& path) {
    Items found;
    found.resize(4096);
    const std::size_t size = found.size() * sizeof found[0];
    const int file = must(open(path.c_str(), O_RDONLY | O_CLOEXEC), path.c_str());
    found.resize(must<std::size_t>(read(file, found.data(), size), path.c_str()) / sizeof found[0]);
    return found;
}

void put(const std::string& path, const std::vector<std::string>& values) {
    const int file = must(open(path.c_str(), O_WRONLY | O_CLOEXEC), path.c_str());
    for (const std::string& value : values)
        must(write(file, value.data(), value.size()), path.c_str());
}

// -- cgroups --

std::vector<Hierarchy> hierarchies(std::string points, const std::string& below) {
    std::vector<Hierarchy> found;
    while (!points.empty()) {
        const std::string point = points.substr(0, points.find(':'));
        points.erase(0, point.size() + 1);
        const bool unified = access((point + "/cgroup.controllers").c_str(), F_OK) == 0;
        found.push_back({point.substr(point.rfind('/') + 1), point + below, unified});
    }
    return found;
}

void set_limits(const Hierarchy& each) {
    if (each.name == "devices") {
        put(each.cgroup + "/devices.deny", {"a"});
        put(each.cgroup + "/devices.allow",
            {"c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm",
             "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm"});
    }
    if (each.name != "cpuset") return;
    const std::string above = each.cgroup.substr(0, each.cgroup.rfind('/'));
    for (const Text file : {"/cpuset.cpus", "/cpuset.mems"})
        put(each.cgroup + file, {content<std::string>(above + file)});
}

void confine_devices(const Hierarchy& each, Text path) {
    const auto code = content<std::vector<bpf_insn>>(path);
    bpf_attr load{};
    load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    load.insns = reinterpret_cast<std::uintptr_t>(code.data());
    load.insn_cnt = static_cast<std::uint32_t>(code.size());
    load.license = reinterpret_cast<std::uintptr_t>("Apache-2.0");
    bpf_attr attach{};
    attach.attach_bpf_fd =
        must<unsigned>(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load), path);
    attach.target_fd = must<unsigned>(open(each.cgroup.c_str(), O_RDONLY | O_CLOEXEC), "cgroup");
    attach.attach_type = BPF_CGROUP_DEVICE;
    attach.attach_flags = BPF_F_ALLOW_MULTI;
    must(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach), "attach to cgroup");
}

void make_cgroups(const Job& job) {
    for (const Hierarchy& each : job.hierarchies) {
        must(mkdir(each.cgroup.c_str(), 0755), each.cgroup.c_str());
        if (!each.unified) set_limits(each);
        if (each.unified && *job.devices != '-') confine_devices(each, job.devices);
    }
}

// -- mounts: in the child, whose working directory is the new root --

int new_mount(Text kind, unsigned attributes, Pairs settings = {}) {
    const int context = must(fsopen(kind, FSOPEN_CLOEXEC), kind);
    for (const auto& [key, value] : settings)
        must(fsconfig(context, FSCONFIG_SET_STRING, key, value, 0), key);
    must(fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), kind);
    return must(fsmount(context, FSMOUNT_CLOEXEC, attributes), kind);
}

int copy_of(int directory, Text path, unsigned flags = 0) {
    return must(open_tree(directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags), path);
}

void place(int mount, int directory, Text path) {
    must(move_mount(mount, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH), path);
}

void limit(int mount, unsigned attributes) {
    constexpr unsigned kHow = AT_EMPTY_PATH | AT_RECURSIVE;
    mount_attr wanted{attributes, 0, 0, 0};
    must(mount_setattr(mount, "", kHow, &wanted, sizeof wanted), "mount_setattr");
}

void mount_devices() {
    const int dev = new_mount("tmpfs", MOUNT_ATTR_NOSUID, {{"mode", "755"}, {"size", "65536k"}});
    for (const Text name : {"pts", "mqueue", "shm"}) must(mkdirat(dev, name, 0755), name);
    umask(0);
    unsigned minor = 3;
    for (const Text name : {"null", "zero", "full", "random", "urandom"}) {
        must(mknodat(dev, name, S_IFCHR | 0666, makedev(1, minor)), name);
        minor += minor < 7 ? 2 : 1;
    }
    must(mknodat(dev, "tty", S_IFCHR | 0666, makedev(5, 0)), "tty");
    umask(022);
    const Pairs links = {{"fd", ""}, {"stdin", "/0"}, {"stdout", "/1"}, {"stderr", "/2"}};
    for (const auto& [name, end] : links)
        must(symlinkat(("/proc/self/fd"s + end).c_str(), dev, name), name);
    must(symlinkat("pts/ptmx", dev, "ptmx"), "ptmx");
    place(dev, AT_FDCWD, "dev");
    place(new_mount("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                    {{"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}}),
          dev, "pts");
    place(new_mount("mqueue", kNested), dev, "mqueue");
    place(new_mount("tmpfs", kNested, {{"mode", "1777"}, {"size", "67108864"}}), dev, "shm");
}

void mount_cgroups(const Job& job) {
    const bool alone = job.hierarchies.size() == 1 && job.hierarchies[0].unified;
    const int all = alone ? -1 : new_mount("tmpfs", kNested, {{"mode", "755"}});
    if (!alone) place(all, AT_FDCWD, "sys/fs/cgroup");
    for (const Hierarchy& each : job.hierarchies) {
        const int view = copy_of(AT_FDCWD, each.cgroup.c_str());
        limit(view, kNested | kReadOnly);
        if (!alone) must(mkdirat(all, each.name.c_str(), 0755), each.name.c_str());
        place(view, alone ? AT_FDCWD : all, alone ? "sys/fs/cgroup" : each.name.c_str());
    }
    if (!alone) limit(all, kReadOnly);
}

void mask() {
    const int empty = new_mount("tmpfs", kNested | kReadOnly, {{"size", "0"}});
    for (const Text path :
         {"proc/asound", "proc/acpi", "proc/kcore", "proc/keys", "proc/scsi", "proc/latency_stats",
          "proc/timer_list", "proc/timer_stats", "proc/sched_debug", "sys/firmware"}) {
        struct stat info{};
        if (stat(path, &info) != 0) continue;
        const bool directory = S_ISDIR(info.st_mode);
        place(directory ? copy_of(empty, "", AT_EMPTY_PATH) : copy_of(AT_FDCWD, "dev/null"),
              AT_FDCWD, path);
    }
    for (const Text path : {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"}) {
        if (access(path, F_OK) != 0) continue;
        const int itself = copy_of(AT_FDCWD, path, AT_RECURSIVE);
        limit(itself, kReadOnly);
        place(itself, AT_FDCWD, path);
    }
}

void bring_up_loopback() {
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const int any = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    must(ioctl(any, SIOCSIFFLAGS, &request), "lo");
}

void enter_root(const Job& job) {
    bring_up_loopback();
    must(sethostname("house", 5), "hostname");
    must(mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr), "propagation");
    const int root = copy_of(AT_FDCWD, job.target, AT_RECURSIVE);
    place(root, AT_FDCWD, job.target);
    must(fchdir(root), job.target);
    place(new_mount("proc", kNested), AT_FDCWD, "proc");
    mount_devices();
    place(new_mount("sysfs", kNested | kReadOnly), AT_FDCWD, "sys");
    mount_cgroups(job);
    mask();
    must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(umount2(".", MNT_DETACH), "detach the old root");
    must(chdir("/"), "/");
}

// -- processes --

[[noreturn]] void become_program(const Job& job) {
    must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "floor"), "keyring");
    put("/proc/self/oom_score_adj", {"0"});
    must(setgroups(0, nullptr), "setgroups");
    const sock_fprog filter{static_cast<std::uint16_t>(job.filter.size()),
                            const_cast<sock_filter*>(job.filter.data())};
    must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), "seccomp");
    for (unsigned bit = 0; bit <= CAP_LAST_CAP; ++bit)
        if (bit >= 32 || (kCapabilities >> bit & 1) == 0) prctl(PR_CAPBSET_DROP, bit, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct data[2] = {{kCapabilities, kCapabilities, 0}, {0, 0, 0}};
    must(syscall(SYS_capset, &header, data), "capset");
    must(syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
    must(execve(job.program[0], job.program, nullptr), job.program[0]);
    _exit(9);
}

/// A child that is in its cgroups from birth (v2) or before it does anything else (v1), as the
/// first write of another process's pid would wait for a grace period of the kernel. `container` is
/// a pidfd, or -1.
int born_in_cgroups(const Job& job, int container) {
    clone_args how{};
    how.flags = container < 0 ? kNamespaces : 0;
    how.exit_signal = SIGCHLD;
    std::vector<int> tasks;
    for (const Hierarchy& each : job.hierarchies) {
        const std::string path = each.cgroup + (each.unified ? "" : "/tasks");
        const int kind = each.unified ? O_PATH : O_WRONLY;
        const int place = must(open(path.c_str(), kind | O_CLOEXEC), path.c_str());
        if (!each.unified) tasks.push_back(place);
        if (each.unified) how.flags |= CLONE_INTO_CGROUP, how.cgroup = static_cast<unsigned>(place);
    }
    if (container >= 0) must(setns(container, kNamespaces), "setns");
    const int child = must(syscall(SYS_clone3, &how, sizeof how), "clone3");
    if (child != 0) return child;
    for (const int place : tasks) must(write(place, "0", 1), "tasks");
    must(setsid(), "setsid");
    return 0;
}

}  // namespace

int main(int count, char** words) {
    if (count < 8) return 2;
    const Job job{hierarchies(words[3], "/"s + words[2]),
                  content<std::vector<sock_filter>>(words[4]), words[5], words[6], words + 7};
    const bool joins = std::strcmp(words[1], "exec") == 0;
    if (!joins) make_cgroups(job);
    const int container =
        joins ? must(syscall(SYS_pidfd_open, std::stoi(job.target), 0), "pidfd") : -1;
    const int child = born_in_cgroups(job, container);
    if (child == 0 && !joins) enter_root(job);
    if (child == 0) become_program(job);
    int status = 0;
    must(waitpid(child, &status, 0), "wait");
    for (const Hierarchy& each : job.hierarchies)
        if (!joins) must(rmdir(each.cgroup.c_str()), each.cgroup.c_str());
    return status == 0 ? 0 : 9;
}
