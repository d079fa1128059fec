// Room: shim. The name of the socket, and who may take it. Runs in `start` and in `delete`.
#include "address.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"
#include "sha256.hpp"

namespace cleat::shim {
namespace {

/// Containers of one group share a shim. A config that cannot be read is told of by Create.
std::string group_of(const Arguments& arguments) {
    auto group = lifecycle::annotation_of(
        ".", {"io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"});
    return group && !group->empty() ? *std::move(group) : arguments.id;
}

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// As long as the descriptor lives nobody else makes or removes a socket in the directory: between
/// bind(2) and listen(2) one looks like that of a shim that is gone.
Result<sys::Fd> lock(const std::string& directory) {
    auto fd = TRY(sys::open_at(sys::kHere, directory.c_str(), O_RDONLY | O_DIRECTORY));
    if (::flock(fd.get(), LOCK_EX) < 0) return fail_errno(concat("lock ", directory), errno);
    return fd;
}

}  // namespace

std::string socket_of(const Arguments& arguments, const Bootstrap& bootstrap) {
    const std::string_view directory = bootstrap.socket_directory.empty()
                                           ? "/run/containerd/s"
                                           : std::string_view(bootstrap.socket_directory);
    const auto name =
        normal_path(concat(arguments.address, "/", arguments.name_space, "/", group_of(arguments)));
    return concat(directory, "/", sha256(name));
}

Result<sys::Fd> take_socket(const std::string& path) {
    constexpr mode_t kPrivate = 0700;
    const auto directory = directory_of(path);
    auto locked = lock(directory);
    if (!locked) {
        TRY(sys::make_directories(directory, kPrivate));
        locked = TRY(lock(directory));
    }
    auto listener = sys::listen_stream(path);
    if (listener || listener.error().errno_value != EADDRINUSE) return listener;
    if (sys::connect_stream(path)) return sys::Fd();
    TRY(sys::remove_file_at(sys::kHere, path.c_str()));
    return sys::listen_stream(path);
}

void remove_dead_socket(std::string_view address) {
    if (!address.starts_with(kScheme)) return;
    const std::string path(address.substr(kScheme.size()));
    if (!sys::exists_at(sys::kHere, path.c_str())) return;
    const auto locked = lock(directory_of(path));
    if (locked && !sys::connect_stream(path))
        static_cast<void>(sys::remove_file_at(sys::kHere, path.c_str()));
}

}  // namespace cleat::shim
