// Room: cgroup. Making a container's cgroup and opening it for those who join; host process.
#include <fcntl.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "controllers.hpp"
#include "cpuset.hpp"
#include "internal.hpp"
#include "parents.hpp"

namespace cleat::cgroup {
namespace {

/// The directories that one make() made; they go again unless it succeeds.
class Maker {
 public:
    explicit Maker(std::string mountpoint) : mountpoint_(std::move(mountpoint)) {}
    Maker(const Maker&) = delete;
    Maker& operator=(const Maker&) = delete;
    ~Maker() {
        for (; !made_.empty(); made_.pop_back())
            static_cast<void>(sys::remove_directory_at(sys::kHere, made_.back().c_str()));
    }

    /// The leaf is tried first: mostly all above it are there. A parent may go away again while
    /// the last container in it is removed.
    Result<Made> make(const std::string& path) {
        constexpr int kMostTries = 32;
        auto made = sys::make_directory_at(sys::kHere, path.c_str(), kMode);
        for (int i = 0; i < kMostTries && !made && made.error().errno_value == ENOENT &&
                        path.size() > mountpoint_.size();
             ++i) {
            const std::string parent = path.substr(0, path.rfind('/'));
            if (TRY(make(parent)) == Made::New) mark_made(parent);
            made = sys::make_directory_at(sys::kHere, path.c_str(), kMode);
        }
        if (made) {
            made_.push_back(path);
            return Made::New;
        }
        if (made.error().errno_value == EEXIST) return Made::Existed;
        return fail_errno(concat("make cgroup ", path), made.error().errno_value);
    }

    void commit() { made_.clear(); }
    [[nodiscard]] const std::vector<std::string>& made() const { return made_; }

 private:
    static constexpr mode_t kMode = 0755;
    std::string mountpoint_;
    std::vector<std::string> made_;
};

/// An engine may have made the directory beforehand, but then it is empty; a process in it belongs
/// to another container, or to the host.
Result<void> check_unused(const std::string& path) {
    if (TRY(read_file(path, "cgroup.procs")).empty()) return {};
    return fail_errno(concat("cgroup ", path, " is in use"), EBUSY);
}

/// Who joins a frozen cgroup never comes back to say so; what is frozen above freezes it, too.
Result<void> check_not_frozen(const plan::CgroupDirectory& directory, const std::string& path) {
    bool is_frozen = false;
    if (directory.unified)
        is_frozen = value_of(TRY(read_value(path, "cgroup.events")), "frozen") == "1";
    else if (has_v1_controller(directory, "freezer"))
        is_frozen = TRY(read_value(path, "freezer.state")).starts_with("FR");
    if (!is_frozen) return {};
    return fail_errno(concat("cgroup ", path, " is frozen"), EBUSY);
}

}  // namespace

Result<Made> make(const plan::CgroupDirectory& directory, Sharing sharing,
                  Controllers controllers) {
    const std::string path = full_path(directory);
    TRY(refuse_root(directory));
    Maker maker(normal_path(directory.mountpoint));
    const Made made = TRY(maker.make(path));
    if (made == Made::Existed && sharing == Sharing::No) TRY(check_unused(path));
    if (made == Made::New || sharing == Sharing::No) TRY(check_not_frozen(directory, path));
    if (directory.unified && controllers == Controllers::Now) enable_controllers(directory);
    if (has_v1_controller(directory, "cpuset")) TRY(fill_cpuset(directory, made));
    maker.commit();
    return made;
}

Result<std::vector<sys::Fd>> open_v1_tasks(const Directories& directories) {
    std::vector<sys::Fd> tasks;
    tasks.reserve(directories.size());
    for (const auto& directory : directories) {
        if (directory.unified) continue;
        const std::string file = full_path(directory) + "/tasks";
        tasks.push_back(TRY(sys::open_at(sys::kHere, file.c_str(), O_WRONLY)));
    }
    return tasks;
}

Result<sys::Fd> open_unified(const plan::CgroupDirectory& directory) {
    return sys::open_at(sys::kHere, full_path(directory).c_str(), O_PATH | O_DIRECTORY);
}

Result<sys::Fd> open_unified_of(const plan::CgroupDirectory& directory, pid_t member) {
    const auto list =
        TRY(sys::read_text_at(sys::kHere, concat("/proc/", member, "/cgroup").c_str()));
    for (const auto line : split(list, '\n')) {
        if (!line.starts_with("0::")) continue;
        // Before the container's own there may be what is above the mountpoint.
        const auto at = line.find(directory.path + "/");
        if (at == std::string_view::npos) break;
        const std::string path =
            concat(full_path(directory), line.substr(at + directory.path.size()));
        return sys::open_at(sys::kHere, path.c_str(), O_PATH | O_DIRECTORY);
    }
    return fail(ErrorKind::State, "the container's first process is not below its cgroup");
}

}  // namespace cleat::cgroup
