// Room: lifecycle. sd_notify(3) between a container and the service manager of its caller.
#pragma once

#include <string>

#include "cleat/base/error.hpp"
#include "cleat/spec/config.hpp"
#include "cleat/store/store.hpp"
#include "cleat/sys/fd.hpp"
#include "cleat/sys/process.hpp"

namespace cleat::lifecycle {

inline constexpr const char* kNotifyMountPoint = "/run/notify";
/// The name in a container's entry of the directory that is mounted there.
inline constexpr const char* kNotifyDirectory = "notify";

/// What a container needs to say that it is ready: a mount of the directory that its socket will be
/// in, and the variable. As runc does it, at the same place.
void add_notify_socket(spec::Spec& spec, const std::string& entry_path);
/// `manager` if a socket listens there, otherwise "" and a warning.
[[nodiscard]] std::string reachable_manager(const std::string& manager);
/// That directory.
[[nodiscard]] Result<void> make_notify_directory(const store::Entry& entry);

/// Listens to a container and tells the manager, once, that it is ready and who it is.
class Readiness {
 public:
    /// Without a manager, or for a container that was created without one, there is none to tell.
    [[nodiscard]] static Result<Readiness> listen(const store::Entry& entry,
                                                  const std::string& manager);
    /// What the container says; -1 when there is nothing to wait for.
    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    /// Takes one message, after which there may be nothing to wait for any more.
    [[nodiscard]] Result<void> take(pid_t init);
    /// Until the container is ready or has ended.
    [[nodiscard]] Result<void> wait(const sys::ProcessIdentity& init);

 private:
    sys::Fd socket_;
    sys::Fd manager_;
};

}  // namespace cleat::lifecycle
