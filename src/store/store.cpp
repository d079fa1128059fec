// Room: store. The state directory, in the host process. Every file is written beside its place and
// renamed, so a reader sees a whole file or none; nothing is synced: /run does not outlive a crash.
#include "cleat/store/store.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "codec.hpp"

namespace cleat::store {
namespace {

constexpr const char* kStateFile = "state.json";
constexpr const char* kStagedFile = "state.json.new";
constexpr const char* kIntentFile = "intent.json";
constexpr const char* kConfigFile = "config.json";
constexpr mode_t kFileMode = 0600;
constexpr mode_t kEntryMode = 0700;
constexpr mode_t kRootMode = 0711;
constexpr int kDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW;

std::unexpected<Error> no_such_container() {
    return fail(ErrorKind::NotFound, "container does not exist");
}

bool is_absent(const Error& error) {
    return error.errno_value == ENOENT || error.errno_value == ENOTDIR;
}

template <class T>
Result<T> in_file(Result<T> result, const std::string& directory, const char* name) {
    if (result) return result;
    return std::unexpected(with_context(std::move(result).error(), concat(directory, "/", name)));
}

Result<std::string> read_file(const Entry& entry, const char* name) {
    // Whatever is in the file's place: nobody waits for a writer, or follows a link.
    const auto file = sys::open_at(entry.fd(), name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (!file && file.error().errno_value == ENOENT) return no_such_container();
    if (!file) return in_file<std::string>(std::unexpected(file.error()), entry.path(), name);
    return in_file(sys::read_record(file->get(), name), entry.path(), name);
}

Result<void> write_file(const Entry& entry, const char* name, std::string_view text) {
    return in_file(sys::replace_file_at(entry.fd(), name, text, kFileMode), entry.path(), name);
}

/// Boots are alike: the same pid may start at the same hundredth of a second, as another's.
Result<void> forget_if_earlier(const std::string& boot, sys::ProcessIdentity& process) {
    if (!boot.empty() && boot != TRY(sys::boot_id())) process = {};
    return {};
}

/// Someone else may be removing the same directory: what is gone already is fine.
Result<void> if_there(Result<void> removed) {
    if (!removed && removed.error().errno_value == ENOENT) return {};
    return removed;
}

Result<void> empty_directory(int directory);

Result<void> remove_at(int directory, const char* name) {
    auto removed = sys::remove_file_at(directory, name);
    if (!removed && removed.error().errno_value == EISDIR) {
        const sys::Fd inner = TRY(sys::open_at(directory, name, kDirectory));
        TRY(empty_directory(inner.get()));
        removed = sys::remove_directory_at(directory, name);
    }
    return if_there(std::move(removed));
}

/// Removes what is in a directory, state.json last, so that a removal that was cut short can be
/// taken up by another one with all its knowledge.
Result<void> empty_directory(int directory) {
    for (const auto& name : TRY(sys::list_directory_at(directory, ".")))
        if (name != kStateFile) TRY(remove_at(directory, name.c_str()));
    return remove_at(directory, kStateFile);
}

/// Whether the path still leads to the directory that `fd` holds.
Result<bool> is_same_directory(int fd, const std::string& path) {
    const auto held = TRY(sys::stat_fd(fd));
    const auto there = sys::stat_at(sys::kHere, path.c_str(), AT_SYMLINK_NOFOLLOW);
    if (!there && is_absent(there.error())) return false;
    if (!there) return std::unexpected(there.error());
    return held.st_dev == there->st_dev && held.st_ino == there->st_ino;
}

}  // namespace

Result<void> Entry::write_intent(const Intent& intent) const {
    return write_file(*this, kIntentFile, encode(intent));
}

Result<Intent> Entry::read_intent() const {
    const auto text = TRY(read_file(*this, kIntentFile));
    auto intent = TRY(in_file(decode_intent(text), path_, kIntentFile));
    TRY(forget_if_earlier(intent.boot, intent.creator));
    if (intent.creator.pid == 0) intent.covered_mount = {};
    return intent;
}

Result<void> Entry::write_state(const State& state) const {
    TRY(stage_state(state));
    return publish_state();
}

Result<void> Entry::stage_state(const State& state) const {
    return in_file(sys::write_file_at(fd(), kStagedFile, encode(state), kFileMode), path(),
                   kStateFile);
}

Result<void> Entry::publish_state() const {
    return in_file(sys::rename_at(fd(), kStagedFile, kStateFile), path(), kStateFile);
}

Result<State> Entry::read_state() const {
    const auto text = TRY(read_file(*this, kStateFile));
    auto state = TRY(in_file(decode_state(text), path_, kStateFile));
    TRY(forget_if_earlier(state.boot, state.init));
    if (state.init.pid == 0) state.root_mount = {};
    return state;
}

Result<void> Entry::write_config(std::string_view text) const {
    return write_file(*this, kConfigFile, text);
}

Result<std::string> Entry::read_config() const { return read_file(*this, kConfigFile); }

Result<Entry> Store::reserve(const ContainerId& id) const {
    std::string path = concat(root_, "/", id.str());
    auto made = sys::make_directory_at(sys::kHere, path.c_str(), kEntryMode);
    if (!made && made.error().errno_value == ENOENT) {  // the first container since the boot
        TRY(sys::make_directories(root_, kRootMode));
        made = sys::make_directory_at(sys::kHere, path.c_str(), kEntryMode);
    }
    if (!made && made.error().errno_value == EEXIST)
        return fail(ErrorKind::Exists, "container with given ID already exists");
    if (!made) return std::unexpected(made.error());
    auto directory = sys::open_at(sys::kHere, path.c_str(), kDirectory);
    if (!directory) {
        static_cast<void>(sys::remove_directory_at(sys::kHere, path.c_str()));
        return std::unexpected(std::move(directory).error());
    }
    return Entry(*std::move(directory), std::move(path));
}

Result<Entry> Store::find(const ContainerId& id) const {
    std::string path = concat(root_, "/", id.str());
    auto directory = sys::open_at(sys::kHere, path.c_str(), kDirectory);
    if (!directory && is_absent(directory.error())) return no_such_container();
    if (!directory) return std::unexpected(std::move(directory).error());
    return Entry(*std::move(directory), std::move(path));
}

/// Tried twice: what stood in the way (no descriptor was free, no memory) may have passed, and
/// after this nobody comes back for what is left.
Result<void> Store::discard(const ContainerId& id, const Entry& entry) const {
    const std::string path = concat(root_, "/", id.str());
    const auto attempt = [&]() -> Result<void> {
        TRY(empty_directory(entry.fd()));
        if (!TRY(is_same_directory(entry.fd(), path))) return {};
        return if_there(sys::remove_directory_at(sys::kHere, path.c_str()));
    };
    auto done = attempt();
    return done ? std::move(done) : attempt();
}

Result<void> Store::remove(const ContainerId& id) const {
    const auto entry = find(id);
    if (!entry && entry.error().kind == ErrorKind::NotFound) return {};
    if (!entry) return std::unexpected(entry.error());
    return discard(id, *entry);
}

Result<std::vector<std::string>> Store::list() const {
    auto names = sys::list_directory_at(sys::kHere, root_.c_str());
    if (!names && is_absent(names.error())) return std::vector<std::string>{};
    if (!names) return names;
    std::erase_if(*names, [](const auto& name) { return !ContainerId::parse(name); });
    return names;
}

}  // namespace cleat::store
