// Room: lifecycle. Mounts that are not CRIU's to save. Runs in the host process.
#include "criu_mounts.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/root_fs.hpp"

namespace cleat::lifecycle {
namespace {

constexpr const char* kNull = "/dev/null";

/// What counts of a line of mountinfo.
struct Line {
    std::string device;  ///< of the superblock, "8:1"
    std::string root;    ///< what of it is mounted
    std::string point;
};

/// Blanks and backslashes are written as octal numbers.
std::string unescaped(std::string_view text) {
    constexpr std::size_t kDigits = 3;
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto code =
            text[i] == '\\' ? parse_number<unsigned>(text.substr(i + 1, kDigits), 8) : std::nullopt;
        out += code ? static_cast<char>(*code) : text[i];
        if (code) i += kDigits;
    }
    return out;
}

std::vector<Line> lines_of(std::string_view mountinfo) {
    constexpr std::size_t kPoint = 4;
    std::vector<Line> lines;
    for (const auto text : split(mountinfo, '\n')) {
        const auto fields = split(text, ' ');
        if (fields.size() <= kPoint) continue;
        lines.push_back({.device = std::string(fields[2]),
                         .root = unescaped(fields[3]),
                         .point = unescaped(fields[kPoint])});
    }
    return lines;
}

bool is_below(std::string_view path, std::string_view directory) {
    if (directory == "/") return path != "/";
    return path.size() > directory.size() && path.starts_with(directory) &&
           path[directory.size()] == '/';
}

/// Whether another mount of the container shows the same, so that CRIU can take it from there.
bool has_origin(const Line& line, const std::vector<Line>& lines) {
    if (line.root == "/") return true;  // all of a file system
    return std::ranges::any_of(lines, [&](const Line& other) {
        return other.device == line.device && is_below(line.root, other.root);
    });
}

template <class Step>
bool names(const plan::Plan& plan, std::string_view path, std::string Step::* member) {
    return std::ranges::any_of(plan.init, [&](const plan::Step& step) {
        const auto* found = std::get_if<Step>(&step.action);
        return found != nullptr && normal_path(found->*member) == path;
    });
}

void add_views(const plan::MountCgroups& step, NamedMounts& out) {
    if (step.own_namespace) return;
    const std::string point = normal_path(step.destination);
    if (step.unified) out.emplace_back(point, step.host_path);
    for (const auto& view : step.views)
        out.emplace_back(concat(point, "/", view.name), view.host_path);
}

/// Where a mount point is to be made: below the source of a bind mount, if it is below one; nowhere
/// below a file system that CRIU makes and fills.
std::optional<std::pair<std::string, std::string>> place_of(const spec::Spec& spec,
                                                            std::size_t index,
                                                            const std::string& rootfs) {
    const std::string destination = normal_path(spec.mounts[index].destination);
    for (std::size_t i = index; i-- > 0;) {
        const auto& outer = spec.mounts[i];
        const std::string point = normal_path(outer.destination);
        if (!is_below(destination, point)) continue;
        const bool bind = outer.type == "bind" || std::ranges::count(outer.options, "bind") != 0 ||
                          std::ranges::count(outer.options, "rbind") != 0;
        if (!bind) return std::nullopt;
        return std::pair(outer.source, destination.substr(point.size()));
    }
    return std::pair(rootfs, destination);
}

Result<void> make_point(const spec::Mount& mount, const std::string& root,
                        const std::string& path) {
    const sys::RootFs directory(TRY(sys::open_at(sys::kHere, root.c_str(), O_PATH | O_DIRECTORY)));
    const bool copies = std::ranges::count(mount.options, "copy-symlink") != 0;
    const auto source =
        sys::stat_at(sys::kHere, mount.source.c_str(), copies ? AT_SYMLINK_NOFOLLOW : 0);
    if (source && S_ISLNK(source->st_mode)) return {};  // a file of the root like others
    const bool bind = mount.type == "bind" || mount.type.empty() || mount.type == "none";
    if (bind && source && !S_ISDIR(source->st_mode))
        TRY(directory.ensure_file(path.c_str()));
    else
        TRY(directory.ensure_directory(path.c_str()));
    return {};
}

}  // namespace

NamedMounts external_mounts(std::string_view mountinfo, const plan::Plan& plan) {
    NamedMounts out;
    const auto lines = lines_of(mountinfo);
    for (const auto& line : lines) {
        if (line.point == "/") continue;
        if (names(plan, line.point, &plan::BindMount::destination))
            out.emplace_back(line.point, line.point);
        else if (!has_origin(line, lines))
            out.emplace_back(line.point,
                             names(plan, line.point, &plan::MaskPath::path) ? kNull : line.point);
    }
    return out;
}

NamedMounts mount_sources(const plan::Plan& plan) {
    NamedMounts out = {{kNull, kNull}};
    for (const auto& step : plan.init) {
        if (const auto* bind = std::get_if<plan::BindMount>(&step.action))
            out.emplace_back(normal_path(bind->destination), bind->source);
        if (const auto* cgroups = std::get_if<plan::MountCgroups>(&step.action))
            add_views(*cgroups, out);
        if (const auto* device = std::get_if<plan::MakeDevice>(&step.action);
            device != nullptr && device->path != kNull)
            out.emplace_back(normal_path(device->path), normal_path(device->path));
    }
    return out;
}

Result<void> make_mount_points(const spec::Spec& spec, const std::string& rootfs) {
    for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
        const auto& mount = spec.mounts[i];
        const auto place = place_of(spec, i, rootfs);
        // Those of control groups come with the sysfs, or on a tmpfs that is saved.
        if (!place || mount.type == "cgroup" || mount.type == "cgroup2") continue;
        auto made = make_point(mount, place->first, place->second);
        if (made) continue;
        Error error = with_context(std::move(made).error(), "make mount point");
        error.pointer = pointer_push("/mounts", i);
        return std::unexpected(std::move(error));
    }
    return {};
}

}  // namespace cleat::lifecycle
