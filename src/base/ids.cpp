// Room: base. Reading ids and signals.
#include "cleat/base/ids.hpp"

#include <algorithm>
#include <array>

#include "cleat/base/text.hpp"

namespace cleat {
namespace {

constexpr int kRealtimeMin = 34;  // what glibc leaves to programs (signal(7))
constexpr int kRealtimeMax = 64;

// Linux numbers on x86 and arm, index is the number (signal(7)).
constexpr std::array<std::string_view, 32> kSignalNames = {
    "",     "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS"};

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

std::optional<int> realtime_signal(std::string_view name) {
    const bool from_max = name.starts_with("RTMAX");
    if (!from_max && !name.starts_with("RTMIN")) return std::nullopt;
    const int base = from_max ? kRealtimeMax : kRealtimeMin;
    name.remove_prefix(5);
    if (name.empty()) return base;
    if (name[0] != (from_max ? '-' : '+')) return std::nullopt;
    const auto offset = parse_number<int>(name.substr(1));
    if (!offset || *offset < 0 || *offset > kRealtimeMax - kRealtimeMin) return std::nullopt;
    return from_max ? base - *offset : base + *offset;
}

bool id_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '.';
}

}  // namespace

Result<Signal> parse_signal(std::string_view text) {
    if (const auto number = parse_number<int>(text)) {
        if (*number >= 0 && *number <= kRealtimeMax) return Signal{*number};
        return fail(ErrorKind::InvalidArgument, concat("signal ", quoted(text), " is not 0 to 64"));
    }
    std::string name = upper(text);
    if (name.starts_with("SIG")) name.erase(0, 3);
    if (const auto number = realtime_signal(name)) return Signal{*number};
    if (name == "POLL") name = "IO";
    const auto found = std::ranges::find(kSignalNames, name);
    if (name.empty() || found == kSignalNames.end())
        return fail(ErrorKind::InvalidArgument, concat("unknown signal ", quoted(text)));
    return Signal{static_cast<int>(found - kSignalNames.begin())};
}

Result<ContainerId> ContainerId::parse(std::string_view text) {
    constexpr std::size_t kMaxLength = 1024;
    const bool valid = !text.empty() && text.size() <= kMaxLength && text != "." && text != ".." &&
                       std::ranges::all_of(text, id_character);
    if (valid) return ContainerId(text);
    return fail(ErrorKind::InvalidArgument,
                concat("invalid container ID format: ", quoted(text.substr(0, 64)),
                       " (letters, digits and _+-. only)"));
}

}  // namespace cleat
