// Room: cgroup. What a cgroup file holds now, as a step that writes it back; host process.
#include <algorithm>
#include <optional>

#include "cleat/base/text.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

/// What a file with a line per device says about one of them; these files show no line for a
/// device without limits.
std::string unlimited_device(std::string_view file, std::string_view device) {
    if (file == "io.max") return concat(device, " rbps=max wbps=max riops=max wiops=max");
    if (file.starts_with("blkio.throttle.")) return concat(device, " 0");
    if (file.ends_with("weight_device")) return concat(device, " 0");
    return concat(device, " default");
}

bool names_device(std::string_view word) {
    const auto colon = word.find(':');
    return colon != std::string_view::npos && parse_number<unsigned>(word.substr(0, colon)) &&
           parse_number<unsigned>(word.substr(colon + 1));
}

std::string device_line_of(std::string_view text, std::string_view file, std::string_view device) {
    for (const auto line : split(text, '\n'))
        if (line.starts_with(device) && line.substr(device.size()).starts_with(' '))
            return std::string(line);
    return unlimited_device(file, device);
}

/// Files that show more than they take: the first line (io.weight), or one of its words.
std::string first_line(std::string_view text, std::string_view file) {
    const std::string_view line = text.substr(0, text.find('\n'));
    // memory.oom_control shows "oom_kill_disable 0" and takes "0".
    if (file == "memory.oom_control") return std::string(line.substr(line.rfind(' ') + 1));
    return std::string(line);
}

}  // namespace

std::optional<plan::WriteCgroup> current(const plan::WriteCgroup& step,
                                         const Directories& directories) {
    if (step.cgroup >= directories.size()) return std::nullopt;
    const auto text = read_file(full_path(directories[step.cgroup]), step.file);
    if (!text) return std::nullopt;
    const auto wanted = words(step.value);
    const bool of_device = !wanted.empty() && names_device(wanted.front());
    return plan::WriteCgroup{.cgroup = step.cgroup,
                             .file = step.file,
                             .value = of_device ? device_line_of(*text, step.file, wanted.front())
                                                : first_line(*text, step.file)};
}

}  // namespace cleat::cgroup
