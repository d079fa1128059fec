// Room: cgroup. Reaching a cgroup's files; host process, host paths.
#include "cleat/sys/files.hpp"

#include <time.h>

#include <algorithm>
#include <cerrno>

#include "cleat/base/text.hpp"
#include "internal.hpp"

namespace cleat::cgroup {

std::string full_path(const plan::CgroupDirectory& directory) {
    // Made absolute on its own first, so that no ".." climbs out of the hierarchy.
    return normal_path(concat(directory.mountpoint, "/", normal_path(concat("/", directory.path))));
}

const plan::CgroupDirectory* find_unified(const Directories& directories) {
    const auto found = std::ranges::find(directories, true, &plan::CgroupDirectory::unified);
    return found == directories.end() ? nullptr : &*found;
}

bool has_v1_controller(const plan::CgroupDirectory& directory, std::string_view controller) {
    const auto& all = directory.controllers;
    return !directory.unified && std::ranges::find(all, controller) != all.end();
}

const plan::CgroupDirectory* find_v1(const Directories& directories, std::string_view controller) {
    const auto found = std::ranges::find_if(directories, [&](const auto& directory) {
        return has_v1_controller(directory, controller);
    });
    return found == directories.end() ? nullptr : &*found;
}

Result<std::string> read_value(const std::string& directory, std::string_view file) {
    return sys::read_record_at(sys::kHere, concat(directory, "/", file).c_str());
}

Result<std::string> read_file(const std::string& directory, std::string_view file) {
    return sys::read_text_at(sys::kHere, concat(directory, "/", file).c_str());
}

Result<void> write_file(const std::string& directory, std::string_view file,
                        std::string_view value) {
    return sys::write_text_at(sys::kHere, concat(directory, "/", file).c_str(), value);
}

std::vector<std::string_view> words(std::string_view text) {
    constexpr std::string_view kBlanks = " \n\t";
    std::vector<std::string_view> found;
    for (auto begin = text.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
        const auto end = text.find_first_of(kBlanks, begin);
        found.push_back(text.substr(begin, end - begin));
        begin = text.find_first_not_of(kBlanks, end);
    }
    return found;
}

std::string_view value_of(std::string_view text, std::string_view key) {
    for (const auto line : split(text, '\n'))
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ')
            return line.substr(key.size() + 1);
    return {};
}

Result<void> refuse_root(const plan::CgroupDirectory& directory) {
    if (full_path(directory) != normal_path(directory.mountpoint)) return {};
    return fail(ErrorKind::Internal,
                concat("the root cgroup ", directory.mountpoint, " is not a container's"));
}

bool is_absent(const Error& error) noexcept {
    // ENODEV is what files of a cgroup give that was removed while they were open.
    return error.errno_value == ENOENT || error.errno_value == ENODEV;
}

bool Patience::wait() {
    constexpr std::chrono::microseconds kLongest{20000};
    constexpr long kThousand = 1000;
    const auto remaining = std::chrono::duration_cast<std::chrono::microseconds>(
        end_ - std::chrono::steady_clock::now());
    if (remaining.count() <= 0) return false;
    const ::timespec pause{
        .tv_sec = 0,
        .tv_nsec = std::min(next_, remaining + std::chrono::microseconds{1}).count() * kThousand};
    ::nanosleep(&pause, nullptr);
    next_ = std::min(next_ * 2, kLongest);
    return true;
}

std::chrono::milliseconds Patience::left() const {
    const auto remaining = std::chrono::duration_cast<std::chrono::milliseconds>(
        end_ - std::chrono::steady_clock::now());
    return std::max(remaining, std::chrono::milliseconds{0});
}

}  // namespace cleat::cgroup
