// Room: cgroup. Parents made for a container's sake, and their end; host process.
#include "parents.hpp"

#include <sys/xattr.h>

#include "cleat/sys/files.hpp"

namespace cleat::cgroup {
namespace {

/// user.* is open to rootless users, too; cgroup file systems keep it since Linux 5.7.
constexpr const char* kMark = "user.cleat.made";

bool is_marked(const std::string& path) noexcept {
    return ::lgetxattr(path.c_str(), kMark, nullptr, 0) >= 0;
}

}  // namespace

void mark_made(const std::string& path) noexcept {
    static_cast<void>(::lsetxattr(path.c_str(), kMark, "", 0, 0));
}

void remove_made_parents(const std::string& path, const std::string& mountpoint) {
    for (std::string parent = path.substr(0, path.rfind('/')); parent.size() > mountpoint.size();
         parent.resize(parent.rfind('/'))) {
        if (!is_marked(parent) || !sys::remove_directory_at(sys::kHere, parent.c_str())) return;
    }
}

}  // namespace cleat::cgroup
