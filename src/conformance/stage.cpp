// Room: conformance. Where one case is played. All that it makes lies in one directory, and is
// named after the case.
#include "stage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/root_fs.hpp"
#include "facts.hpp"
#include "part.hpp"

namespace cleat::conformance {
namespace {

constexpr mode_t kDirectory = 0755;
constexpr mode_t kFile = 0644;
constexpr mode_t kOutput = 0666;

constexpr const char* kPasswd = "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n";

/// A hook as config.json has it, of "name acts…".
std::string hook_entry(const std::string& path, const std::string& log, std::string_view words) {
    Value entry = object();
    put(entry, "path", text(path));
    Value arguments = array();
    for (const auto& word : {std::string("hook"), std::string(kPart), std::string("hook"), log})
        append(arguments, text(word));
    for (const auto word : split(words, ' ')) append(arguments, text(word));
    put(entry, "args", std::move(arguments));
    put(entry, "env", texts({"PATH=/bin:/usr/bin"}));
    return dump(entry);
}

bool is_name(char c) { return (c >= 'A' && c <= 'Z') || c == '_'; }

std::string named(const Stage& stage, std::string_view name) {
    if (name == "DIR") return stage.directory;
    if (name == "BUNDLE") return stage.bundle();
    if (name == "ROOTFS") return stage.rootfs();
    if (name == "ID") return stage.id;
    if (name == "CGROUP") return stage.cgroup();
    if (name == "PROBE") return stage.probe;
    if (name == "RUNTIME") return stage.runtime;
    if (name == "ROOT") return stage.state_root();
    if (name == "PID") return concat(stage.pid);
    // The value that it has anyway: a runtime that sets it does no harm.
    if (name == "CORE_PATTERN") return content_of("/proc/sys/kernel/core_pattern");
    if (name == "UID") return concat(::getuid());
    if (name == "GID") return concat(::getgid());
    const auto found = stage.names.find(std::string(name));
    return found == stage.names.end() ? std::string() : found->second;
}

std::string called(const Stage& stage, std::string_view name, std::string_view argument) {
    if (name == "FEATURE") {
        const Value* const told = at(stage.known.features, argument);
        return told == nullptr ? "[]" : dump(*told);
    }
    if (name == "HOOK") return hook_entry(stage.probe, stage.rootfs() + "/hooks.log", argument);
    if (name == "INSIDE") return hook_entry("/probe", "/hooks.log", argument);
    const Value* const fact = at(stage.known.host, argument);
    if (fact == nullptr) return {};
    return fact->kind == Value::Kind::String ? fact->text : dump(*fact);
}

Result<void> make_root(const std::string& rootfs, const std::string& probe) {
    for (const char* const name : {"dev", "etc", "proc", "sys", "tmp", "data", "bin", "root"})
        TRY(sys::make_directories(concat(rootfs, "/", name), kDirectory));
    if (::linkat(AT_FDCWD, probe.c_str(), AT_FDCWD, (rootfs + "/probe").c_str(), 0) != 0)
        return fail_errno(concat("link ", probe), errno);
    TRY(sys::replace_file_at(sys::kHere, (rootfs + "/etc/passwd").c_str(), kPasswd, kFile));
    TRY(sys::replace_file_at(sys::kHere, (rootfs + "/etc/file").c_str(), "content\n", kFile));
    return {};
}

}  // namespace

std::size_t count_mounts() { return split(content_of("/proc/self/mountinfo"), '\n').size(); }

std::string Stage::path(std::string_view name) const { return concat(directory, "/", name); }

std::string Stage::output() const {
    return sys::read_text_at(sys::kHere, path("out").c_str()).value_or("");
}

std::string Stage::filled(std::string_view given) const {
    std::string out;
    for (std::size_t i = 0; i < given.size();) {
        if (given[i] != '$' || i + 1 == given.size() || !is_name(given[i + 1])) {
            out += given[i++];
            continue;
        }
        std::size_t end = i + 1;
        while (end < given.size() && is_name(given[end])) ++end;
        const auto name = given.substr(i + 1, end - i - 1);
        i = end;
        if (end < given.size() && given[end] == '(') {
            const auto close = given.find(')', end);
            out += called(*this, name, filled(given.substr(end + 1, close - end - 1)));
            i = close == std::string_view::npos ? given.size() : close + 1;
        } else {
            out += named(*this, name);
        }
    }
    return out;
}

Result<void> Stage::set_up() {
    TRY(sys::make_directories(rootfs(), kDirectory));
    TRY(sys::make_directories(state_root(), kDirectory));
    TRY(make_root(rootfs(), probe));
    mounts = count_mounts();
    config = TRY(parse(filled(default_config())));
    if (::geteuid() != 0) merge(config, TRY(parse(filled(rootless_patch()))));
    Value arguments = texts({"/probe", kPart, "probe"});
    const std::string acts = filled(subject->acts);
    for (const auto word : split(acts, ' '))
        if (!word.empty()) append(arguments, text(word));
    Value process = object();
    put(process, "args", std::move(arguments));
    Value patch = object();
    put(patch, "process", std::move(process));
    merge(config, patch);
    if (subject->patch[0] != '\0') merge(config, TRY(parse(filled(subject->patch))));
    return write_config();
}

Result<void> Stage::write_config() const {
    return sys::replace_file_at(sys::kHere, path("bundle/config.json").c_str(), dump(config),
                                kFile);
}

std::vector<std::string> Stage::command(std::vector<std::string> words) const {
    words.insert(words.begin(), {runtime, "--root", state_root()});
    words.insert(words.begin(), around.begin(), around.end());
    return words;
}

Result<void> Stage::call_runtime(std::vector<std::string> words, Call what) {
    const bool makes = !words.empty() && (words[0] == "create" || words[0] == "run");
    sys::Fd out;
    if (makes) {
        out = TRY(
            sys::open_at(sys::kHere, path("out").c_str(), O_WRONLY | O_CREAT | O_APPEND, kOutput));
        what.out = out.get();
    }
    what.words = command(std::move(words));
    what.limit = limit;
    last = TRY(call(children, what));
    return {};
}

std::string Stage::last_words() const {
    constexpr std::size_t kMost = 400;
    if (last.hung) return concat("no answer within ", limit.count(), " ms");
    std::string words = last.err;
    while (words.ends_with('\n')) words.pop_back();
    if (words.size() > kMost) words = concat("…", words.substr(words.size() - kMost));
    return concat("exit ", last.status, words.empty() ? "" : ": ", words);
}

void remove_tree(const std::string& directory) {
    const auto names = sys::list_directory_at(sys::kHere, directory.c_str());
    for (const auto& name : names.value_or(std::vector<std::string>{})) {
        const std::string below = concat(directory, "/", name);
        const auto status = sys::stat_at(sys::kHere, below.c_str(), AT_SYMLINK_NOFOLLOW);
        if (status && S_ISDIR(status->st_mode))
            remove_tree(below);
        else
            static_cast<void>(sys::remove_file_at(sys::kHere, below.c_str()));
    }
    static_cast<void>(sys::remove_directory_at(sys::kHere, directory.c_str()));
}

}  // namespace cleat::conformance
