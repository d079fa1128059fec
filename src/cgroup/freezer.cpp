// Room: cgroup. Stopping and continuing everything in a cgroup; host process.
#include <fcntl.h>
#include <poll.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

constexpr std::string_view kStateV1 = "freezer.state";
constexpr std::string_view kStateV2 = "cgroup.freeze";

std::unexpected<Error> took_too_long(const std::string& path, Frozen wanted) {
    return fail_errno(concat(wanted == Frozen::Yes ? "freeze" : "thaw", " the processes of ", path),
                      ETIMEDOUT);
}

Result<bool> has_state_v1(const std::string& path, std::string_view state) {
    const std::string text = TRY(read_file(path, kStateV1));
    return text.starts_with(state) && words(text).front() == state;
}

/// FREEZING lasts while a process is made or runs into the freezer; the kernel looks again only
/// when it is told again (freezer-subsystem.rst). A freeze that fails is taken back.
Result<void> freeze_v1(const std::string& path, std::chrono::milliseconds limit) {
    Patience patience(limit);
    do {
        TRY(write_file(path, kStateV1, "FROZEN"));
        if (TRY(has_state_v1(path, "FROZEN"))) return {};
    } while (patience.wait());
    TRY(write_file(path, kStateV1, "THAWED"));
    return took_too_long(path, Frozen::Yes);
}

Result<void> thaw_v1(const std::string& path, std::chrono::milliseconds limit) {
    TRY(write_file(path, kStateV1, "THAWED"));
    Patience patience(limit);
    while (!TRY(has_state_v1(path, "THAWED")))
        if (!patience.wait()) return took_too_long(path, Frozen::No);
    return {};
}

/// cgroup.events tells of its changes by POLLPRI (cgroup-v2.rst, "frozen").
Result<void> wait_v2(const std::string& path, Frozen wanted, std::chrono::milliseconds limit) {
    const std::string file = path + "/cgroup.events";
    const std::string_view expected = wanted == Frozen::Yes ? "1" : "0";
    const Patience patience(limit);
    for (;;) {
        const sys::Fd events = TRY(sys::open_at(sys::kHere, file.c_str(), O_RDONLY));
        if (value_of(TRY(sys::read_all(events.get())), "frozen") == expected) return {};
        const auto left = patience.left();
        if (left.count() == 0) return took_too_long(path, wanted);
        ::pollfd watch{.fd = events.get(), .events = POLLPRI, .revents = 0};
        ::poll(&watch, 1, static_cast<int>(left.count()));
    }
}

Result<void> set_v2(const std::string& path, Frozen wanted, std::chrono::milliseconds limit) {
    const auto written = write_file(path, kStateV2, wanted == Frozen::Yes ? "1" : "0");
    // systemd removes the cgroup of a scope as soon as the last process in it is killed.
    if (!written && wanted == Frozen::No && is_absent(written.error())) return {};
    if (!written) return written;
    auto done = wait_v2(path, wanted, limit);
    if (!done && wanted == Frozen::No && is_absent(done.error())) return {};
    if (!done && wanted == Frozen::Yes) static_cast<void>(write_file(path, kStateV2, "0"));
    return done;
}

}  // namespace

Result<void> set_frozen(const Directories& directories, Frozen frozen,
                        std::chrono::milliseconds limit) {
    if (const auto* v1 = find_v1(directories, "freezer")) {
        TRY(refuse_root(*v1));
        const std::string path = full_path(*v1);
        return frozen == Frozen::Yes ? freeze_v1(path, limit) : thaw_v1(path, limit);
    }
    if (const auto* unified = find_unified(directories)) {
        TRY(refuse_root(*unified));
        return set_v2(full_path(*unified), frozen, limit);
    }
    return fail(ErrorKind::Unsupported, "the container has no cgroup with a freezer");
}

/// What was asked for counts, not how far it has got: a pause that was interrupted half-way
/// (FREEZING) must show as paused, or nobody could resume it.
Result<Frozen> frozen(const Directories& directories) {
    const auto* v1 = find_v1(directories, "freezer");
    const auto* directory = v1 != nullptr ? v1 : find_unified(directories);
    if (directory == nullptr) return Frozen::No;
    const auto text = read_value(full_path(*directory), v1 != nullptr ? kStateV1 : kStateV2);
    if (!text && is_absent(text.error())) return Frozen::No;
    if (!text) return std::unexpected(text.error());
    return text->starts_with("FR") || text->starts_with('1') ? Frozen::Yes : Frozen::No;
}

}  // namespace cleat::cgroup
