// Room: cgroup. Writing one value to one cgroup file, and what the kernel means when it refuses;
// host process.
#include <cerrno>
#include <cstdint>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "controllers.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

constexpr std::string_view kMemoryLimit = "memory.limit_in_bytes";
constexpr std::string_view kMemoryAndSwapLimit = "memory.memsw.limit_in_bytes";

/// One write, with what is needed to talk about it.
struct Target {
    const plan::CgroupDirectory& directory;
    std::string path;
    std::string_view file;
    std::string value;
};

/// A name from `resources.unified` must stay in the container's cgroup.
Result<void> check_name(std::string_view file) {
    if (!file.empty() && file.find('/') == std::string_view::npos && file != "..") return {};
    return fail(ErrorKind::InvalidConfig,
                concat(quoted(file), " is not the name of a cgroup file"));
}

/// What has no file is either a controller that this cgroup lacks or a file that this kernel lacks.
/// ENOENT itself is kept out of the text: engines take it for a missing executable.
std::unexpected<Error> missing(const Target& target) {
    if (!sys::exists_at(sys::kHere, target.path.c_str()))
        return fail_errno(concat("cgroup ", target.path, " does not exist"), ENOENT);
    const auto controller = target.file.substr(0, target.file.find('.'));
    const bool present =
        target.directory.unified
            ? controller == "cgroup" || has_unified_controller(target.path, controller)
            : has_v1_controller(target.directory, controller);
    if (present)
        return fail(ErrorKind::Unsupported,
                    concat("this kernel has no ", target.file, " in ", target.path));
    const auto why = target.directory.unified ? why_not_enabled(target.directory, controller) : "";
    return fail(ErrorKind::Unsupported, concat("cgroup controller ", controller,
                                               " is not available in ", target.path, why));
}

std::unexpected<Error> refused(const Target& target, int error) {
    if (error == ENOENT) return missing(target);
    const bool is_limit = target.file == kMemoryLimit || target.file == kMemoryAndSwapLimit;
    if (error == EBUSY && is_limit)  // v1 reclaims first, then gives up
        return fail_errno(
            concat("memory limit ", target.value, " is below what is used in ", target.path),
            error);
    return fail_errno(
        concat("write ", quoted(target.value), " to ", target.file, " in ", target.path), error);
}

/// The kernel's io.max and the like take one device in each write(2).
Result<void> write_lines(const Target& target) {
    for (const auto line : split(target.value, '\n'))
        if (!line.empty() || target.value.empty()) TRY(write_file(target.path, target.file, line));
    return {};
}

/// The v1 limits of memory and of memory with swap may at no time cross. A memory limit above the
/// other one therefore takes it along; where the plan wants the other one still higher, its write
/// follows this one. Lowered limits come in the right order anyway.
Result<void> raise_together(const Target& target) {
    TRY(write_file(target.path, kMemoryAndSwapLimit, target.value));
    return write_file(target.path, target.file, target.value);
}

/// The weights of block devices belong to the BFQ scheduler since the kernel lost CFQ (5.0).
Result<void> write_bfq(const Target& target) {
    constexpr std::size_t kPrefix = std::string_view("blkio.").size();
    return write_file(target.path, concat("blkio.bfq.", target.file.substr(kPrefix)), target.value);
}

/// What cannot be read shows when it is written.
void keep_first(Target& target) {
    const auto text = read_file(target.path, target.file);
    const auto found = text ? words(*text) : std::vector<std::string_view>{};
    if (!found.empty()) target.value = concat(found.front(), " ", target.value);
}

/// Cgroup v2 takes a limit below what is used and kills; memory.checkBeforeUpdate asks first.
Result<void> check_usage(const Target& target, const std::string& usage_file) {
    const auto limit = parse_number<std::uint64_t>(target.value);
    if (usage_file.empty() || !limit) return {};
    const std::string text = TRY(read_file(target.path, usage_file));
    const auto usage = parse_number<std::uint64_t>(text.substr(0, text.find('\n')));
    if (!usage || *usage <= *limit) return {};
    return fail_errno(concat("memory limit ", target.value, " is below the ", *usage,
                             " bytes that are used in ", target.path),
                      EBUSY);
}

Result<void> write_somehow(const Target& target) {
    auto written = write_lines(target);
    if (written || target.directory.unified) return written;
    const int error = written.error().errno_value;
    if (error == EINVAL && target.file == kMemoryLimit && raise_together(target)) return {};
    if (error == ENOENT && target.file.starts_with("blkio.weight") && write_bfq(target)) return {};
    return written;
}

}  // namespace

Result<void> apply(const plan::WriteCgroup& step, const Directories& directories) {
    TRY(check_name(step.file));
    if (step.cgroup >= directories.size())
        return fail(ErrorKind::Internal, concat("no cgroup ", step.cgroup, " for ", step.file));
    const auto& directory = directories[step.cgroup];
    Target target{.directory = directory,
                  .path = full_path(directory),
                  .file = step.file,
                  .value = step.value};
    if (step.keeps_first) keep_first(target);
    TRY(check_usage(target, step.usage_file));
    const auto written = write_somehow(target);
    if (written || step.on_failure == plan::OnFailure::Ignore) return {};
    return refused(target, written.error().errno_value);
}

}  // namespace cleat::cgroup
