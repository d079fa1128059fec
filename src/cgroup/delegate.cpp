// Room: cgroup. Giving a cgroup of v2 away; host process.
#include "delegate.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

/// "" is the directory itself. No path leads out: a name with a slash is no file of a cgroup.
Result<void> give(int directory, const std::string& file, Uid owner) {
    constexpr auto kKeep = static_cast<::gid_t>(-1);
    const int flags = file.empty() ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
    if (::fchownat(directory, file.c_str(), owner.value, kKeep, flags) == 0 || errno == ENOENT)
        return {};
    return fail_errno(concat("give ", file.empty() ? "the cgroup" : file, " to uid ", owner.value),
                      errno);
}

}  // namespace

std::vector<std::string> delegated_files(const std::string& list) {
    const auto text = sys::read_text_at(sys::kHere, list.c_str());
    if (!text) return {"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"};
    std::vector<std::string> files;
    for (const auto file : words(*text))
        if (file.find('/') == std::string_view::npos) files.emplace_back(file);
    return files;
}

namespace {

Result<void> give_all(int directory, Uid owner) {
    TRY(give(directory, "", owner));
    for (const auto& file : delegated_files("/sys/kernel/cgroup/delegate"))
        TRY(give(directory, file, owner));
    return {};
}

Result<Uid> owner_of(int directory) {
    struct ::stat status{};
    if (::fstat(directory, &status) < 0) return fail_errno("whose the cgroup is", errno);
    return Uid{status.st_uid};
}

}  // namespace

Result<void> apply(const plan::DelegateCgroup& step, const Directories& directories) {
    if (step.cgroup >= directories.size() || !directories[step.cgroup].unified)
        return fail(ErrorKind::Internal, "only a cgroup of v2 can be given away");
    const auto& directory = directories[step.cgroup];
    TRY(refuse_root(directory));
    const auto fd = TRY(open_unified(directory));
    return give_all(fd.get(), step.owner);
}

Result<sys::Fd> make_subgroup(const plan::MakeSubgroup& step, const Directories& directories) {
    if (step.cgroup >= directories.size() || !directories[step.cgroup].unified)
        return fail(ErrorKind::Internal, "only a cgroup of v2 can be divided");
    sys::Fd at = TRY(open_unified(directories[step.cgroup]));
    const auto owner = TRY(owner_of(at.get()));
    constexpr mode_t kMode = 0755;
    for (const auto part : split(step.name, '/')) {
        const std::string name(part);
        auto made = sys::make_directory_at(at.get(), name.c_str(), kMode);
        if (!made && made.error().errno_value != EEXIST) return std::unexpected(made.error());
        at = TRY(sys::open_at(at.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
        TRY(give_all(at.get(), owner));
    }
    return sys::open_at(at.get(), "cgroup.procs", O_WRONLY | O_NOFOLLOW);
}

}  // namespace cleat::cgroup
