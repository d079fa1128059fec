// Room: kernel. HOME from the container's /etc/passwd, a file that nobody vouches for: it is read
// through the root's descriptor, must be a regular file, and is capped. Runs in init.
#include "passwd.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "cleat/base/text.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::kernel {
namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20U;
constexpr std::size_t kMaxLine = 4096;

/// O_NONBLOCK: a fifo in its place must not stop the start.
Result<std::string> read_passwd(const Context& context) {
    constexpr std::uint64_t kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    sys::Fd file;
    if (context.root) {
        file = TRY(context.root.open("/etc/passwd", kFlags));
    } else {
        const sys::RootFs root(TRY(sys::open_at(sys::kHere, "/", O_PATH | O_DIRECTORY)));
        file = TRY(root.open("/etc/passwd", kFlags));
    }
    const auto status = TRY(sys::stat_fd(file.get()));
    if (!S_ISREG(status.st_mode)) return fail(ErrorKind::System, "/etc/passwd is not a file");
    return sys::read_all(file.get(), kMaxFile);
}

bool is_shortage(const Error& error) noexcept {
    const int number = error.errno_value;
    return number == EMFILE || number == ENFILE || number == ENOMEM || number == EIO ||
           number == EAGAIN;
}

}  // namespace

std::optional<std::string_view> home_of(std::string_view passwd, Uid uid) {
    constexpr std::size_t kFields = 7;
    while (!passwd.empty()) {
        const auto line = passwd.substr(0, passwd.find('\n'));
        passwd.remove_prefix(std::min(passwd.size(), line.size() + 1));
        if (line.size() > kMaxLine) continue;
        const auto fields = split(line, ':');
        if (fields.size() != kFields) continue;
        if (parse_number<std::uint32_t>(fields[2]) != uid.value) continue;
        if (fields[5].empty() || fields[5].find('\0') != std::string_view::npos) continue;
        return fields[5];
    }
    return std::nullopt;
}

Result<void> apply(const plan::SetHome& step, Context& context) {
    const auto is_home = [](const std::string& entry) { return entry.starts_with("HOME="); };
    if (std::ranges::any_of(context.env, is_home)) return {};
    // An image without the file, or with something odd in its place, is a user without an entry. A
    // machine that is short of something is no reason for another HOME.
    const auto passwd = read_passwd(context);
    if (!passwd && is_shortage(passwd.error()))
        return std::unexpected(with_context(passwd.error(), "look up HOME"));
    const auto home = passwd ? home_of(*passwd, step.uid) : std::nullopt;
    context.env.push_back(concat("HOME=", home.value_or("/")));
    return {};
}

}  // namespace cleat::kernel
