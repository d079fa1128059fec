// Room: cgroup. The v1 cpuset controller starts with nothing in it.
#include "cpuset.hpp"

#include "cleat/base/text.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

/// The part of a path that make() may fill: below the mount point.
struct Level {
    std::string path;
    std::size_t mountpoint_size = 0;

    [[nodiscard]] Level parent() const {
        return {path.substr(0, path.rfind('/')), mountpoint_size};
    }
};

Result<std::string> fill(const Level& level, const char* file);

Result<std::string> fill_from_parent(const Level& level, const char* file) {
    std::string value = TRY(fill(level.parent(), file));
    TRY(write_file(level.path, file, value));
    return value;
}

/// What `file` of this level holds, after it was filled from above if it was empty.
Result<std::string> fill(const Level& level, const char* file) {
    std::string value = TRY(read_value(level.path, file));
    if (!words(value).empty() || level.path.size() <= level.mountpoint_size) return value;
    return fill_from_parent(level, file);
}

}  // namespace

Result<void> fill_cpuset(const plan::CgroupDirectory& directory, Made made) {
    const Level leaf{full_path(directory), normal_path(directory.mountpoint).size()};
    for (const char* file : {"cpuset.cpus", "cpuset.mems"})
        TRY(made == Made::New ? fill_from_parent(leaf, file) : fill(leaf, file));
    return {};
}

}  // namespace cleat::cgroup
