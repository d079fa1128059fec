// Room: launch. Objects of the host that the parent opens for init. Runs in the parent; a child
// makes device nodes in a mount namespace of its own, so that the host never has the mount.
#include "sources.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <variant>

#include "cleat/base/text.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/spec/sysctl.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"
#include "cleat/sys/process.hpp"
#include "cleat/sys/root_fs.hpp"
#include "cleat/sys/tree.hpp"
#include "clone.hpp"
#include "protocol.hpp"
#include "walk.hpp"

namespace cleat::launch {
namespace {

constexpr std::uint64_t kPrivate = std::uint64_t{1} << 18U;  // MS_PRIVATE (mount(2))

/// The step of init that uses the slot, if it is a device.
const plan::MakeDevice* device_in(const plan::Plan& plan, plan::Slot slot) {
    for (const auto& step : plan.init) {
        const auto* device = std::get_if<plan::MakeDevice>(&step.action);
        if (device != nullptr && device->slot && device->slot->index == slot.index) return device;
    }
    return nullptr;
}

mode_t type_of(const plan::MakeDevice& device) { return device.type == "b" ? S_IFBLK : S_IFCHR; }

dev_t number_of(const plan::MakeDevice& device) { return ::makedev(device.major, device.minor); }

bool is_node(int fd, const plan::MakeDevice& device) {
    const auto status = sys::stat_fd(fd);
    return status && (status->st_mode & S_IFMT) == type_of(device) &&
           status->st_rdev == number_of(device);
}

/// The id on the host. A user namespace that is joined has unknown maps; there, root owns the node.
std::uint32_t host_id(std::uint32_t id, const std::vector<spec::IdMapping>& mappings) {
    for (const auto& map : mappings)
        if (id >= map.container_id && id - map.container_id < map.size)
            return map.host_id + (id - map.container_id);
    return 0;
}

Result<void> set_owner(int node, const plan::MakeDevice& device, const plan::Plan& plan) {
    const auto* maps = find_step<plan::WriteIdMaps>(plan.host);
    const auto uid = maps == nullptr ? 0 : host_id(device.uid.value, maps->uid_mappings);
    const auto gid = maps == nullptr ? 0 : host_id(device.gid.value, maps->gid_mappings);
    if (::fchownat(node, "", uid, gid, AT_EMPTY_PATH) < 0)
        return fail_errno("set the owner of the device", errno);
    return {};
}

/// Runs in the child: a detached mount of a new node.
Result<sys::Fd> make_node(const plan::MakeDevice& device, const plan::Plan& plan) {
    constexpr const char* kName = "node";
    constexpr mode_t kPermissions = 0777;
    TRY(sys::set_mount_attributes(sys::kHere, "/", {.propagation = kPrivate},
                                  sys::Depth::Recursive));
    const auto files = TRY(
        sys::Tree::make({.type = "tmpfs", .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC}));
    // Only what is attached can be cloned (before Linux 6.15).
    TRY(files.attach(sys::kHere, "/"));
    ::umask(0);
    const sys::Place place{.parent = TRY(sys::open_at(files.fd(), ".", O_PATH | O_DIRECTORY)),
                           .name = kName};
    TRY(place.make_node(type_of(device) | (device.mode & kPermissions), number_of(device)));
    const auto node = TRY(place.open());
    TRY(set_owner(node.get(), device, plan));
    return TRY(sys::Tree::clone(files.fd(), kName, sys::Depth::Top)).take();
}

[[noreturn]] void run_node_maker(int socket, const plan::MakeDevice& device,
                                 const plan::Plan& plan) {
    const auto node = make_node(device, plan);
    if (!node) send_failure(socket, node.error());
    const bool sent = node && send_with_fd(socket, {.kind = MessageKind::Node}, node->get());
    ::_exit(sent ? 0 : 1);
}

Result<sys::Fd> make_node_in_child(const plan::MakeDevice& device, const plan::Plan& plan) {
    auto [own, its] = TRY(sys::seqpacket_pair());
    const auto child = TRY(clone_process({.flags = CLONE_NEWNS}));
    if (child.pid == 0) run_node_maker(its.get(), device, plan);
    its.reset();
    auto incoming = receive(own.get());
    TRY(sys::wait_child(child.pid));
    if (!incoming) return std::unexpected(std::move(incoming).error());
    if (!incoming->end && incoming->message.kind == MessageKind::Failed)
        return std::unexpected(to_error(incoming->message));
    if (incoming->end || incoming->fds.empty())
        return fail(ErrorKind::Internal, "the process that makes a device ended");
    return std::move(incoming->fds[0]);
}

std::string ns_file(const plan::OpenNamespace& step) {
    return concat("/proc/self/ns/", kernel::file_of(step.type));
}

Result<bool> is_own_namespace(const plan::OpenNamespace& step, int fd) {
    const auto other = TRY(sys::stat_fd(fd));
    const auto own = sys::stat_at(sys::kHere, ns_file(step).c_str());
    if (!own) return std::unexpected(own.error());
    return own->st_ino == other.st_ino && own->st_dev == other.st_dev;
}

/// Whether the step changes something of a namespace of that type.
bool changes(const plan::Step& step, spec::NamespaceType type) {
    const auto& action = step.action;
    if (const auto* sysctl = std::get_if<plan::SetSysctl>(&action))
        return spec::sysctl_namespace(sysctl->key) == type;
    if (std::holds_alternative<plan::MoveNetDevice>(action))
        return type == spec::NamespaceType::Network;
    return type == spec::NamespaceType::Uts &&
           (std::holds_alternative<plan::SetHostname>(action) ||
            std::holds_alternative<plan::SetDomainname>(action));
}

const plan::Step* find_change(const plan::Plan& plan, spec::NamespaceType type) {
    for (const auto* list : {&plan.init, &plan.host}) {
        const auto found = std::ranges::find_if(
            *list, [type](const plan::Step& step) { return changes(step, type); });
        if (found != list->end()) return &*found;
    }
    return nullptr;
}

}  // namespace

Result<void> open_source(const plan::OpenSource& step, const plan::Plan& plan,
                         kernel::Context& context) {
    auto opened = kernel::apply(step, context);
    const auto* device = device_in(plan, step.slot);
    if (device == nullptr) return opened;
    auto& slot = context.slots.at(step.slot.index);
    if (opened && is_node(slot.get(), *device)) return opened;
    if (!opened && opened.error().errno_value != ENOENT && opened.error().errno_value != ENOTDIR)
        return opened;
    auto made = make_node_in_child(*device, plan);
    if (!made)
        return std::unexpected(
            with_context(std::move(made).error(), concat("device ", quoted(device->path))));
    slot = *std::move(made);
    return {};
}

Result<void> open_namespace(const plan::OpenNamespace& step, const plan::Plan& plan,
                            kernel::Context& context) {
    TRY(kernel::apply(step, context));
    const auto* change = find_change(plan, step.type);
    if (change == nullptr || !TRY(is_own_namespace(step, context.slots.at(step.slot.index).get())))
        return {};
    return std::unexpected(
        Error{.kind = ErrorKind::InvalidConfig,
              .what = concat("namespace path ", quoted(step.path), " is the runtime's own ",
                             spec::name_of(step.type), " namespace: it would change the host"),
              .pointer = change->origin});
}

}  // namespace cleat::launch
