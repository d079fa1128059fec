// Room: validate. What a config names and the host should have, looked at as the caller. Nothing is
// opened for writing, and nothing is made.
#include "cleat/sys/files.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>

#include "cleat/base/text.hpp"
#include "rules.hpp"

namespace cleat::validate {
namespace {

constexpr std::array<std::pair<spec::NamespaceType, int>, spec::kNamespaceTypes> kKinds = {
    {{spec::NamespaceType::Pid, CLONE_NEWPID},
     {spec::NamespaceType::Network, CLONE_NEWNET},
     {spec::NamespaceType::Mount, CLONE_NEWNS},
     {spec::NamespaceType::Ipc, CLONE_NEWIPC},
     {spec::NamespaceType::Uts, CLONE_NEWUTS},
     {spec::NamespaceType::User, CLONE_NEWUSER},
     {spec::NamespaceType::Cgroup, CLONE_NEWCGROUP},
     {spec::NamespaceType::Time, 0x80}}};  // CLONE_NEWTIME

std::string text_of(const std::string& path) {
    return sys::read_text_at(sys::kHere, path.c_str()).value_or("");
}

/// The highest number of a list such as "0-3" (cpuset(7)); nothing for an empty one.
std::optional<std::uint32_t> last_of(std::string_view list) {
    std::optional<std::uint32_t> last;
    for (const auto range : split(list, ',')) {
        const auto number = range.substr(range.rfind('-') + 1);
        const auto value = parse_number<std::uint32_t>(number.substr(0, number.find('\n')));
        if (value && (!last || *value > *last)) last = value;
    }
    return last;
}

class FileCheck {
 public:
    FileCheck(const spec::Spec& spec, const std::string& bundle, std::vector<Finding>& found)
        : spec_(spec), bundle_(bundle), found_(found) {}

    void run() {
        if (spec_.root) root();
        for (std::size_t i = 0; i < spec_.mounts.size(); ++i)
            mount(spec_.mounts[i], concat("/mounts/", i));
        for (std::size_t i = 0; i < spec_.linux.namespaces.size(); ++i)
            joined(spec_.linux.namespaces[i], concat("/linux/namespaces/", i, "/path"));
        if (spec_.hooks) hooks(*spec_.hooks);
        for (const auto& [key, value] : spec_.linux.sysctl) sysctl(key);
        if (spec_.linux.resources) resources(*spec_.linux.resources);
    }

 private:
    void add(std::string pointer, std::string message) {
        found_.push_back(
            {.source = Source::Host, .pointer = std::move(pointer), .message = std::move(message)});
    }

    [[nodiscard]] std::string on_host(const std::string& path) const {
        return path.starts_with('/') ? path : concat(bundle_, "/", path);
    }

    void root() {
        const auto path = on_host(spec_.root->path);
        const auto status = sys::stat_at(sys::kHere, path.c_str());
        if (!status)
            add("/root/path", concat("this host has no ", quoted(path)));
        else if (!S_ISDIR(status->st_mode))
            add("/root/path", concat(quoted(path), " is no directory"));
    }

    void mount(const spec::Mount& mount, const std::string& pointer) {
        const auto has = [&](std::string_view option) {
            return std::ranges::find(mount.options, option) != mount.options.end();
        };
        if (has("remount")) return;
        if (mount.type == "bind" || mount.type == "rbind" || has("bind") || has("rbind")) {
            const auto path = on_host(mount.source);
            const bool kept = has("src-nofollow") || has("copy-symlink");
            const auto status =
                sys::stat_at(sys::kHere, path.c_str(), kept ? AT_SYMLINK_NOFOLLOW : 0);
            if (!status)
                add(pointer + "/source", concat("this host has no ", quoted(path)));
            else if (!has("copy-symlink") && !has("dest-nofollow"))
                target(mount.destination, *status, pointer + "/destination");
        } else if (!has_file_system(mount.type)) {
            add(pointer + "/type",
                concat("this host's kernel knows no file system ", quoted(mount.type)));
        }
    }

    /// A directory is bound over a directory, a file over a file (mount(2)). What lies on another
    /// mount is not there yet.
    void target(const std::string& path, const struct ::stat& source, const std::string& pointer) {
        const auto covers = [&](const spec::Mount& other) {
            const auto place = normal_path(other.destination);
            return normal_path(path).starts_with(place == "/" ? place : place + "/");
        };
        if (!spec_.root || std::ranges::any_of(spec_.mounts, covers)) return;
        const auto root =
            sys::open_at(sys::kHere, on_host(spec_.root->path).c_str(), O_PATH | O_DIRECTORY);
        if (!root) return;
        const auto found = sys::open_resolved(root->get(), path.c_str(), O_PATH, RESOLVE_IN_ROOT);
        if (!found) return;
        const auto status = sys::stat_fd(found->get());
        const bool directory = S_ISDIR(source.st_mode);
        if (status && S_ISDIR(status->st_mode) != directory)
            add(pointer,
                concat(quoted(path), directory ? " is no directory, and the source is one"
                                               : " is a directory, and the source is none"));
    }

    /// Loaded, or in a module that the kernel would load (modprobe(8), "fs-NAME").
    static bool has_file_system(std::string_view type) {
        const std::string loaded = text_of("/proc/filesystems");
        for (const auto line : split(loaded, '\n'))
            if (line.substr(line.find('\t') + 1) == type) return true;
        // Made of cgroups by cleat; on a host with other hierarchies it is another type.
        if (type == "cgroup" || type == "cgroup2") return true;
        ::utsname name{};
        if (::uname(&name) != 0) return true;
        const std::string_view release(&name.release[0]);
        const auto aliases = text_of(concat("/lib/modules/", release, "/modules.alias"));
        return aliases.find(concat("alias fs-", type, " ")) != std::string::npos;
    }

    void joined(const spec::Namespace& entry, const std::string& pointer) {
        if (entry.path.empty()) return;
        const auto file = sys::open_at(sys::kHere, entry.path.c_str(), O_RDONLY | O_NONBLOCK);
        if (!file) return add(pointer, describe(file.error()));
        const int kind = ::ioctl(file->get(), NS_GET_NSTYPE);
        const auto* const wanted =
            std::ranges::find(kKinds, entry.type, &std::pair<spec::NamespaceType, int>::first);
        if (kind != wanted->second)
            add(pointer,
                concat(quoted(entry.path), " is no namespace of type ", spec::name_of(entry.type)));
    }

    void hooks(const spec::Hooks& hooks) {
        each_hook(hooks.prestart, "prestart");
        each_hook(hooks.create_runtime, "createRuntime");
        each_hook(hooks.create_container, "createContainer");
        each_hook(hooks.poststart, "poststart");
        each_hook(hooks.poststop, "poststop");
    }

    /// All but startContainer's are of the host (config.md#posix-platform-hooks).
    void each_hook(const std::vector<spec::Hook>& hooks, std::string_view kind) {
        for (std::size_t i = 0; i < hooks.size(); ++i) {
            const auto pointer = concat("/hooks/", kind, "/", i, "/path");
            const auto status = sys::stat_at(sys::kHere, hooks[i].path.c_str());
            if (!status)
                add(pointer, concat("this host has no ", quoted(hooks[i].path)));
            else if (!S_ISREG(status->st_mode) || (status->st_mode & 0111U) == 0)
                add(pointer, concat(quoted(hooks[i].path), " cannot be executed"));
        }
    }

    void sysctl(const std::string& key) {
        std::string path = key;
        const auto first = path.find_first_of("./");
        if (first != std::string::npos && path[first] == '.') {
            // In the form with dots a slash stands for a dot of a name (sysctl.d(5)).
            for (char& c : path)
                if (c == '.' || c == '/') c = c == '.' ? '/' : '.';
        }
        if (!sys::exists_at(sys::kHere, concat("/proc/sys/", path).c_str()))
            add(pointer_push("/linux/sysctl", key), concat("this host has no /proc/sys/", path));
    }

    void resources(const spec::Resources& resources) {
        if (resources.cpu) {
            numbers(resources.cpu->cpus, "cpu", "/linux/resources/cpu/cpus");
            numbers(resources.cpu->mems, "node", "/linux/resources/cpu/mems");
        }
        for (std::size_t i = 0; i < resources.hugepage_limits.size(); ++i)
            page_size(resources.hugepage_limits[i].page_size,
                      concat("/linux/resources/hugepageLimits/", i, "/pageSize"));
    }

    void numbers(const std::string& list, std::string_view kind, std::string_view pointer) {
        const auto possible = last_of(text_of(concat("/sys/devices/system/", kind, "/possible")));
        const auto wanted = last_of(list);
        if (possible && wanted && *wanted > *possible)
            add(std::string(pointer),
                concat("this host has no ", kind, " ", *wanted, ", the last is ", *possible));
    }

    void page_size(std::string_view size, const std::string& pointer) {
        const auto unit = size.find_first_not_of("0123456789");
        auto kilobytes = parse_number<std::uint64_t>(size.substr(0, unit)).value_or(0);
        if (size.ends_with("MB")) kilobytes <<= 10U;
        if (size.ends_with("GB")) kilobytes <<= 20U;
        const auto path = concat("/sys/kernel/mm/hugepages/hugepages-", kilobytes, "kB");
        if (!sys::exists_at(sys::kHere, path.c_str()))
            add(pointer, concat("this host has no pages of ", size));
    }

    const spec::Spec& spec_;
    const std::string& bundle_;
    std::vector<Finding>& found_;
};

}  // namespace

void check_files(const spec::Spec& spec, const std::string& bundle, std::vector<Finding>& found) {
    FileCheck(spec, bundle, found).run();
}

}  // namespace cleat::validate
