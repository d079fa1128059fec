// Room: lifecycle. sd_notify(3) between a container and the service manager of its caller. Runs in
// the host process, which is the one that the manager knows: what the container says reaches it
// through a socket in the container's entry.
#include "notify.hpp"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"

namespace cleat::lifecycle {
namespace {

constexpr const char* kSocket = "notify.sock";

bool says_ready(std::string_view message) {
    return std::ranges::any_of(split(message, '\n'), [](auto line) { return line == "READY=1"; });
}

/// The manager looks up who sent a message when it reads it, so the sender must not end before: it
/// is told of that by the end of a pipe (sd_notify_barrier(3)). One that never reads is not waited
/// for long.
Result<void> await_manager(int manager) {
    constexpr std::string_view kBarrier = "BARRIER=1";
    constexpr std::chrono::milliseconds kLimit{5000};
    auto [own, its] = TRY(sys::seqpacket_pair());
    const int fd = its.get();
    TRY(sys::send_message(manager, std::as_bytes(std::span(kBarrier)), std::span(&fd, 1)));
    its.reset();
    std::array<std::byte, 1> none{};
    const auto end = sys::receive_message(own.get(), none, kLimit);
    if (!end) warn(concat("the service manager: ", describe(end.error())));
    return {};
}

/// A variable that outlived its manager says nothing about the container.
void ignore_manager(Error reason) {
    warn(describe(with_context(std::move(reason), "NOTIFY_SOCKET is ignored")));
}

}  // namespace

std::string reachable_manager(const std::string& manager) {
    if (manager.empty()) return manager;
    auto connected = sys::connect_datagram(manager);
    if (connected) return manager;
    ignore_manager(std::move(connected).error());
    return {};
}

void add_notify_socket(spec::Spec& spec, const std::string& entry_path) {
    auto& mount = spec.mounts.emplace_back();
    mount.destination = kNotifyMountPoint;
    mount.type = "bind";
    mount.source = concat(entry_path, "/", kNotifyDirectory);
    mount.options = {"bind", "nosuid", "noexec", "nodev", "ro"};
    if (!spec.process) return;
    std::erase_if(spec.process->env,
                  [](const auto& entry) { return entry.starts_with("NOTIFY_SOCKET="); });
    spec.process->env.push_back(concat("NOTIFY_SOCKET=", kNotifyMountPoint, "/", kSocket));
}

Result<void> make_notify_directory(const store::Entry& entry) {
    constexpr mode_t kSearchable = 0755;  // the entry above it is not; who gets here has the mount
    return sys::make_directory_at(entry.fd(), kNotifyDirectory, kSearchable);
}

Result<Readiness> Readiness::listen(const store::Entry& entry, const std::string& manager) {
    Readiness made;
    if (manager.empty()) return made;
    const auto directory = sys::open_at(entry.fd(), kNotifyDirectory, O_PATH | O_DIRECTORY);
    if (!directory && directory.error().errno_value == ENOENT) {
        warn("NOTIFY_SOCKET is ignored: it was not set when the container was created");
        return made;
    }
    if (!directory) return std::unexpected(directory.error());
    auto connected = sys::connect_datagram(manager);
    if (!connected) {
        ignore_manager(std::move(connected).error());
        return made;
    }
    made.manager_ = *std::move(connected);
    // One of a start that failed.
    const auto removed = sys::remove_file_at(directory->get(), kSocket);
    if (!removed && removed.error().errno_value != ENOENT) return std::unexpected(removed.error());
    made.socket_ = TRY(sys::take_datagrams_at(directory->get(), kSocket));
    return made;
}

Result<void> Readiness::take(pid_t init) {
    constexpr std::size_t kLongest = 4096;
    std::array<char, kLongest> text{};
    const auto got = sys::receive_message(socket_.get(), std::as_writable_bytes(std::span(text)));
    if (!got) return {};  // too long, or too many descriptors: nothing that is waited for
    if (!says_ready({text.data(), got->size})) return {};
    socket_.reset();
    const std::string ready = concat("READY=1\nMAINPID=", init, "\n");
    auto told = sys::send_message(manager_.get(), std::as_bytes(std::span(ready)));
    if (!told) return std::unexpected(with_context(std::move(told).error(), "NOTIFY_SOCKET"));
    return await_manager(manager_.get());
}

Result<void> Readiness::wait(const sys::ProcessIdentity& init) {
    if (!socket_) return {};
    const auto pidfd = sys::open_pidfd(init);
    while (pidfd && socket_) {
        std::array<::pollfd, 2> watch{{{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                                       {.fd = pidfd->get(), .events = POLLIN, .revents = 0}}};
        ::poll(watch.data(), watch.size(), -1);
        if (watch[0].revents != 0)
            TRY(take(init.pid));
        else if (watch[1].revents != 0)
            break;
    }
    return {};
}

}  // namespace cleat::lifecycle
