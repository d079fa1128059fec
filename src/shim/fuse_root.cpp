// Room: shim. Roots of FUSE. Runs in an errand; the process that serves the mount becomes a child
// of the daemon, which reaps it.
#include "fuse_root.hpp"

#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/tree.hpp"

namespace cleat::shim {
namespace {

/// "mount.fuse3 SOURCE TARGET -o OPTION… -t PROGRAM", which a mount of "fuse3.PROGRAM" is.
Result<std::vector<std::string>> command_of(const RootMount& mount, const std::string& target) {
    const auto dot = mount.type.find('.');
    std::vector<std::string> command = {concat("mount.", mount.type.substr(0, dot)), mount.source,
                                        target};
    for (const auto& option : mount.options) {
        if (option.starts_with("uidmap=") || option.starts_with("gidmap="))
            return fail(ErrorKind::InvalidArgument,
                        concat(option, ": the ids of a mount of FUSE cannot be mapped"));
        if (option.starts_with("X-containerd.")) continue;  // notes of containerd to itself
        command.insert(command.end(), {"-o", option});
    }
    command.insert(command.end(), {"-t", mount.type.substr(dot + 1)});
    return command;
}

}  // namespace

bool is_fuse(std::string_view type) noexcept {
    return type.starts_with("fuse.") || type.starts_with("fuse3.");
}

Result<void> mount_fuse(const RootMount& mount, const std::string& target) {
    const auto command = TRY(command_of(mount, target));
    const auto before = TRY(sys::mount_id(target.c_str()));
    // It ends with success when the program has gone to the background.
    TRY(launch::run_program(command));
    // What is mounted need not be of FUSE: nydus-overlayfs mounts an overlay.
    if (TRY(sys::mount_id(target.c_str())) != before) return {};
    return fail(ErrorKind::System, concat(command[0], " has mounted nothing at ", target));
}

}  // namespace cleat::shim
