// Room: cgroup. Device rules of a unified cgroup: loading and attaching the program with bpf(2);
// host process.
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "devices.hpp"

namespace cleat::cgroup {
namespace {

/// By this name a later update knows the program again.
constexpr std::string_view kProgramName = "cleat_devices";
static_assert(kProgramName.size() < BPF_OBJ_NAME_LEN);

/// The kernel reads all of bpf_attr that it is told about, so what is not used must be zero.
::bpf_attr blank() {
    ::bpf_attr attributes;
    std::memset(&attributes, 0, sizeof attributes);
    return attributes;
}

int bpf(::bpf_cmd command, ::bpf_attr& attributes) {
    constexpr int kTries = 8;  // the verifier gives EAGAIN when a signal is pending
    for (int i = 1;; ++i) {
        const auto result = ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
        if (result >= 0 || errno != EAGAIN || i == kTries) return static_cast<int>(result);
    }
}

std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

std::uint32_t number(const sys::Fd& fd) { return static_cast<std::uint32_t>(fd.get()); }

Result<sys::Fd> load(const std::vector<::bpf_insn>& program) {
    ::bpf_attr attributes = blank();
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = address(program.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
    attributes.license = address("Apache-2.0");
    kProgramName.copy(attributes.prog_name, kProgramName.size());
    attributes.expected_attach_type = BPF_CGROUP_DEVICE;
    sys::Fd loaded(bpf(BPF_PROG_LOAD, attributes));
    if (!loaded) return fail_errno("load the device program", errno);
    return loaded;
}

/// The program if cleat has loaded it.
sys::Fd open_if_ours(std::uint32_t id) {
    ::bpf_attr attributes = blank();
    attributes.prog_id = id;
    sys::Fd program(bpf(BPF_PROG_GET_FD_BY_ID, attributes));
    if (!program) return {};
    ::bpf_prog_info about{};
    attributes = blank();
    attributes.info.bpf_fd = number(program);
    attributes.info.info_len = sizeof about;
    attributes.info.info = address(&about);
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) < 0 || kProgramName != about.name) return {};
    return program;
}

Result<sys::Fd> find_ours(const sys::Fd& cgroup) {
    constexpr std::uint32_t kMost = 64;  // BPF_CGROUP_MAX_PROGS of linux/bpf-cgroup.h
    std::array<std::uint32_t, kMost> ids{};
    ::bpf_attr attributes = blank();
    attributes.query.target_fd = number(cgroup);
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = address(ids.data());
    attributes.query.prog_cnt = kMost;
    if (bpf(BPF_PROG_QUERY, attributes) < 0) return fail_errno("list device programs", errno);
    for (std::uint32_t i = 0; i < attributes.query.prog_cnt && i < kMost; ++i)
        if (sys::Fd program = open_if_ours(ids[i])) return program;
    return sys::Fd{};
}

Result<void> attach(const sys::Fd& cgroup, const sys::Fd& program) {
    const sys::Fd old = TRY(find_ours(cgroup));
    ::bpf_attr attributes = blank();
    attributes.target_fd = number(cgroup);
    attributes.attach_bpf_fd = number(program);
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (old) {  // in one step, so that there is no moment with neither or both
        attributes.attach_flags |= BPF_F_REPLACE;
        attributes.replace_bpf_fd = number(old);
    }
    if (bpf(BPF_PROG_ATTACH, attributes) < 0) return fail_errno("attach the device program", errno);
    return {};
}

}  // namespace

Result<void> attach_device_program(const std::string& path, const DevicePolicy& policy) {
    const auto attempt = [&]() -> Result<void> {
        const sys::Fd cgroup = TRY(sys::open_at(sys::kHere, path.c_str(), O_RDONLY | O_DIRECTORY));
        return attach(cgroup, TRY(load(device_program(policy))));
    };
    auto attached = attempt();
    if (!attached)
        return std::unexpected(
            with_context(std::move(attached).error(), concat("device rules of cgroup ", path)));
    return attached;
}

}  // namespace cleat::cgroup
