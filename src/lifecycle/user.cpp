// Room: lifecycle. Users. Runs in the host process; reads the host's /etc/passwd only.
#include "user.hpp"

#include "cleat/base/text.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::lifecycle {
namespace {

std::optional<std::uint32_t> parse_id(std::string_view text) {
    constexpr std::uint32_t kLargest = 4294967294U;  // the next one means "no change" to chown(2)
    constexpr std::size_t kMostDigits = 10;
    if (text.empty() || text.size() > kMostDigits) return std::nullopt;
    for (const char c : text)
        if (c < '0' || c > '9') return std::nullopt;
    const auto number = parse_number<std::uint64_t>(text);
    if (!number || *number > kLargest) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

}  // namespace

Result<UserChoice> parse_user(std::string_view text) {
    const auto colon = text.find(':');
    const auto uid = parse_id(text.substr(0, colon));
    std::optional<std::uint32_t> gid;
    if (colon != std::string_view::npos) gid = parse_id(text.substr(colon + 1));
    if (!uid || (colon != std::string_view::npos && !gid)) {
        return fail(ErrorKind::InvalidArgument,
                    concat("user ", quoted(text), " is not UID or UID:GID (0 to 4294967294)"));
    }
    UserChoice choice{.uid = Uid{*uid}, .gid = std::nullopt};
    if (gid) choice.gid = Gid{*gid};
    return choice;
}

std::optional<std::string> find_user_name(std::string_view passwd, std::uint32_t uid) {
    constexpr std::size_t kUidField = 2;
    for (const auto line : split(passwd, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() <= kUidField || fields[0].empty()) continue;
        if (parse_number<std::uint32_t>(fields[kUidField]) == uid) return std::string(fields[0]);
    }
    return std::nullopt;
}

std::string user_name(std::uint32_t uid) {
    if (uid == 0) return "root";
    const auto passwd = sys::read_text_at(sys::kHere, "/etc/passwd");
    if (passwd)
        if (auto name = find_user_name(*passwd, uid)) return *std::move(name);
    return concat("#", uid);
}

}  // namespace cleat::lifecycle
