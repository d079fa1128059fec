// Room: cgroup. The walk through a cgroup and those below it, which a container may have made.
#include <fcntl.h>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

/// kernfs counts two links and one more for each directory below, so that the usual cgroup, which
/// has none, costs one system call here.
Result<std::vector<std::string>> subdirectories(int directory) {
    constexpr int kOwnLinks = 2;
    std::vector<std::string> found;
    if (TRY(sys::stat_fd(directory)).st_nlink <= kOwnLinks) return found;
    for (auto& name : TRY(sys::list_directory_at(directory, "."))) {
        const auto status = sys::stat_at(directory, name.c_str(), AT_SYMLINK_NOFOLLOW);
        if (status && S_ISDIR(status->st_mode)) found.push_back(std::move(name));
    }
    return found;
}

class Walker {
 public:
    explicit Walker(const Walk& visitor) : visitor_(visitor) {}

    Result<void> run(const std::string& top) {
        auto directory = TRY(sys::open_at(sys::kHere, top.c_str(), kDirectory));
        TRY(enter(std::move(directory)));
        while (!levels_.empty()) TRY(levels_.back().empty() ? go_up() : go_down());
        return {};
    }

 private:
    Result<void> enter(sys::Fd directory) {
        if (visitor_.enter) TRY(visitor_.enter(directory.get()));
        levels_.push_back(TRY(subdirectories(directory.get())));
        here_ = std::move(directory);
        return {};
    }

    Result<void> go_down() {
        auto next = sys::open_at(here_.get(), levels_.back().back().c_str(), kDirectory);
        if (!next && is_absent(next.error())) {
            levels_.back().pop_back();
            return {};
        }
        if (!next) return std::unexpected(std::move(next).error());
        return enter(std::move(*next));
    }

    Result<void> go_up() {
        levels_.pop_back();
        if (levels_.empty()) return {};
        here_ = TRY(sys::open_at(here_.get(), "..", kDirectory));
        const std::string name = std::move(levels_.back().back());
        levels_.back().pop_back();
        if (visitor_.leave) TRY(visitor_.leave(here_.get(), name.c_str()));
        return {};
    }

    const Walk& visitor_;
    sys::Fd here_;
    std::vector<std::vector<std::string>> levels_;  ///< what is still to be visited, by depth
};

}  // namespace

Result<void> walk(const std::string& top, const Walk& visitor) { return Walker(visitor).run(top); }

}  // namespace cleat::cgroup
