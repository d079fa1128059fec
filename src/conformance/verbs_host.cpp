// Room: conformance. The verbs of scripts that look at the host, and change what is a case's own.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"
#include "cleat/sys/root_fs.hpp"
#include "cleat/sys/tree.hpp"
#include "facts.hpp"
#include "part.hpp"
#include "script.hpp"

namespace cleat::conformance {
namespace {

constexpr mode_t kFile = 0644;
constexpr mode_t kDirectory = 0755;

Outcome done(const Result<void>& result, std::string_view what) {
    if (result) return std::nullopt;
    return Broken{concat("the case can be prepared: ", what), describe(result.error())};
}

/// Makes something below the case's directory.
Result<void> make(const Stage& stage, const std::vector<std::string>& words) {
    const std::string& kind = words.at(0);
    const sys::RootFs root(
        TRY(sys::open_at(sys::kHere, stage.directory.c_str(), O_PATH | O_DIRECTORY)));
    const std::string path = "/" + words.at(1);
    const std::string argument = words.size() > 2 ? words[2] : std::string();
    const auto full = stage.directory + path;
    if (kind == "dir") return sys::make_directories(full, kDirectory);
    if (kind == "chmod" || kind == "chown") {
        const auto value = parse_number<unsigned>(argument, kind == "chmod" ? 8 : 10).value_or(0);
        const int result =
            kind == "chmod" ? ::chmod(full.c_str(), value) : ::lchown(full.c_str(), value, value);
        return result == 0 ? Result<void>() : fail_errno(concat(kind, " ", full), errno);
    }
    const auto place = TRY(root.place(path.c_str()));
    if (kind == "link") {
        TRY(place.make_symlink(argument.c_str()));
    } else if (kind == "null") {
        TRY(place.make_node(S_IFCHR | 0666, ::makedev(1, 3)));
    } else {
        TRY(place.make_file(kFile));
        TRY(sys::replace_file_at(sys::kHere, full.c_str(), argument, kFile));
    }
    return {};
}

/// make dir|file|link|null|chmod|chown PATH [ARGUMENT]
Outcome do_make(Stage& stage, const Statement& statement) {
    return done(make(stage, statement.words), statement.rest);
}

/// take PATH: away from the case's directory
Outcome do_take(Stage& stage, const Statement& statement) {
    const std::string path = stage.path(statement.rest);
    const auto status = sys::stat_at(sys::kHere, path.c_str(), AT_SYMLINK_NOFOLLOW);
    if (status && S_ISDIR(status->st_mode)) remove_tree(path);
    return status && S_ISDIR(status->st_mode)
               ? std::nullopt
               : done(sys::remove_file_at(sys::kHere, path.c_str()), statement.rest);
}

/// tmpfs PATH [NAME=VALUE]: a file system of its own on it; in the case's mount namespace
Outcome do_tmpfs(Stage& stage, const Statement& statement) {
    std::vector<std::pair<std::string, std::string>> options;
    if (statement.words.size() > 1) {
        const auto& option = statement.words[1];
        const auto sign = option.find('=');
        options.emplace_back(option.substr(0, sign), option.substr(sign + 1));
    }
    auto tree = sys::Tree::make({.type = "tmpfs", .options = &options});
    if (!tree) return done(std::unexpected(tree.error()), statement.rest);
    ++stage.mounts;
    return done(tree->attach(sys::kHere, stage.path(statement.words.at(0)).c_str()),
                statement.rest);
}

/// config PATCH: config.json anew
Outcome do_config(Stage& stage, const Statement& statement) {
    const auto patch = parse(statement.rest);
    if (!patch) return done(std::unexpected(patch.error()), statement.rest);
    merge(stage.config, *patch);
    return done(stage.write_config(), "config.json");
}

/// raw TEXT: that is config.json
Outcome do_raw(Stage& stage, const Statement& statement) {
    return done(sys::replace_file_at(sys::kHere, stage.path("bundle/config.json").c_str(),
                                     statement.rest, kFile),
                "config.json");
}

/// look PATH: a file of the host, its text too
Outcome do_look(Stage& stage, const Statement& statement) {
    const std::string path =
        statement.rest.starts_with('/') ? statement.rest : stage.path(statement.rest);
    stage.seen = file_facts(path);
    put(stage.seen, "text", text(sys::read_text_at(sys::kHere, path.c_str()).value_or("")));
    if (auto json = parse(text_at(stage.seen, "text"))) put(stage.seen, "json", *std::move(json));
    const auto names = sys::list_directory_at(sys::kHere, path.c_str());
    if (names) put(stage.seen, "names", texts(*names));
    return std::nullopt;
}

/// proc: the container's init as the host sees it
Outcome do_proc(Stage& stage, const Statement& /*statement*/) {
    const std::string process = concat(stage.pid);
    Value out = object();
    put(out, "ns", namespaces_of(process));
    for (const char* const name : {"Uid", "Gid", "NSpid", "Seccomp", "NoNewPrivs", "CapEff"})
        put(out, name, text(status_line(process, name)));
    for (const char* const name : {"oom_score_adj", "uid_map", "cgroup", "comm"})
        put(out, name, text(content_of(concat("/proc/", process, "/", name))));
    const auto stat = sys::process_stat(stage.pid);
    put(out, "alive", boolean(stat && stat->state != 'Z'));
    stage.seen = std::move(out);
    return std::nullopt;
}

Outcome do_cgroup(Stage& stage, const Statement& statement) {
    stage.seen = stage.known.cgroups.values(stage.cgroup() + statement.rest);
    return std::nullopt;
}

/// mounts: of this mount namespace, in which the runtime runs
Outcome do_mounts(Stage& stage, const Statement& /*statement*/) {
    stage.seen = mounts_in(content_of("/proc/self/mountinfo"));
    return std::nullopt;
}

Outcome do_hooks(Stage& stage, const Statement& /*statement*/) {
    Value out = object();
    Value names = array();
    const std::string log = content_of(stage.rootfs() + "/hooks.log");
    for (const auto line : split(log, '\n')) {
        auto entry = parse(line);
        if (!entry) continue;
        const std::string name = text_at(*entry, "name");
        append(names, text(name));
        put(out, name, *std::move(entry));
    }
    put(out, "names", std::move(names));
    stage.seen = std::move(out);
    return std::nullopt;
}

/// heard NAME: that hook has run
Outcome do_heard(Stage& stage, const Statement& statement) {
    const bool heard = eventually(stage, [&] {
        static_cast<void>(do_hooks(stage, statement));
        return at(stage.seen, statement.rest) != nullptr;
    });
    if (heard) return std::nullopt;
    return Broken{concat("hook ", statement.rest, " is called"), dump(*at(stage.seen, "names"))};
}

/// says TEXT: the container prints it
Outcome do_says(Stage& stage, const Statement& statement) {
    const bool said =
        eventually(stage, [&] { return stage.output().find(statement.rest) != std::string::npos; });
    if (said) return std::nullopt;
    return Broken{concat("the container prints ", statement.rest), stage.output()};
}

/// silent: the container's program has printed nothing
Outcome do_silent(Stage& stage, const Statement& /*statement*/) {
    if (stage.output().empty()) return std::nullopt;
    return Broken{"the program has not run", stage.output()};
}

/// exits N: the container's init ends with that status
Outcome do_exits(Stage& stage, const Statement& statement) {
    std::optional<int> status;
    static_cast<void>(eventually(
        stage, [&] { return (status = stage.children.status_of(stage.pid)).has_value(); }));
    if (status && concat(*status) == statement.rest) return std::nullopt;
    return Broken{concat("init ends with ", statement.rest),
                  status ? concat(*status) : std::string("it runs on")};
}

Outcome do_gone(Stage& stage, const Statement& /*statement*/) {
    const bool gone = eventually(stage, [&] {
        const auto stat = sys::process_stat(stage.pid);
        return !stat || stat->state == 'Z' || stat->state == 'X';
    });
    return gone ? std::nullopt : Outcome(Broken{"init has ended", concat(stage.pid, " runs")});
}

Outcome do_alive(Stage& stage, const Statement& /*statement*/) {
    const auto stat = sys::process_stat(stage.pid);
    if (stat && stat->state != 'Z' && stat->state != 'X') return std::nullopt;
    return Broken{"init runs on", concat("no process ", stage.pid)};
}

/// hurt SIGNAL: sends it to init without the runtime
Outcome do_hurt(Stage& stage, const Statement& statement) {
    const auto signal = parse_signal(statement.rest);
    if (signal) ::kill(stage.pid, signal->number);
    return std::nullopt;
}

/// remember NAME PATH: what is seen there, as $NAME; or the words after "="
Outcome do_remember(Stage& stage, const Statement& statement) {
    if (statement.words.size() < 2) return Broken{"a statement of the script", statement.rest};
    const Value* const found = at(stage.seen, statement.words[1]);
    if (found == nullptr) return Broken{concat(statement.words[1], " exists"), dump(stage.seen)};
    stage.names[statement.words[0]] =
        found->kind == Value::Kind::String ? found->text : dump(*found);
    return std::nullopt;
}

/// hold NAMESPACE…: a process in new namespaces; $HOLD is its pid
Outcome do_hold(Stage& stage, const Statement& statement) {
    std::vector<std::string> words{"/proc/self/exe", kPart, "hold"};
    words.insert(words.end(), statement.words.begin(), statement.words.end());
    const std::string out = stage.path("held");
    const auto file = sys::open_at(sys::kHere, out.c_str(), O_RDWR | O_CREAT | O_TRUNC, kFile);
    const auto pid =
        file ? spawn({.words = words, .out = file->get()}) : std::unexpected(file.error());
    if (!pid) return done(std::unexpected(pid.error()), statement.rest);
    stage.names["HOLD"] = concat(*pid);
    const bool ready = eventually(stage, [&] { return content_of(out) != ""; });
    stage.seen = object();
    put(stage.seen, "ns", namespaces_of(concat(*pid)));
    if (ready && content_of(out) == "ready") return std::nullopt;
    return Broken{"the case can be prepared: hold", content_of(out)};
}

/// leak PATH: create is called with that open as descriptor 3
Outcome do_leak(Stage& stage, const Statement& statement) {
    stage.names["LEAK"] = statement.rest;
    return std::nullopt;
}

Outcome do_sleep(Stage& stage, const Statement& statement) {
    const auto length = parse_number<int>(statement.rest).value_or(0);
    static_cast<void>(stage.children.wait(0, std::chrono::milliseconds(length)));
    return std::nullopt;
}

/// clean: neither state nor cgroup nor process nor mount of the container
Outcome do_clean(Stage& stage, const Statement& /*statement*/) {
    std::string left;
    const bool clean = eventually(stage, [&] {
        left.clear();
        if (sys::exists_at(sys::kHere, (stage.state_root() + "/" + stage.id).c_str()))
            left = "its state directory";
        if (stage.known.cgroups.exists(stage.cgroup())) left = concat("cgroup ", stage.cgroup());
        if (count_mounts() > stage.mounts) left = "a mount";
        const auto held = parse_number<pid_t>(stage.names["HOLD"]).value_or(0);
        for (const pid_t pid : Children::running())
            if (pid != held)
                left = concat("process ", pid, " ", content_of(concat("/proc/", pid, "/comm")));
        return left.empty();
    });
    if (clean) return std::nullopt;
    return Broken{"nothing is left of the container", left};
}

constexpr Verb kVerbs[] = {
    {"make", do_make},     {"take", do_take},         {"tmpfs", do_tmpfs}, {"config", do_config},
    {"raw", do_raw},       {"look", do_look},         {"proc", do_proc},   {"cgroup", do_cgroup},
    {"mounts", do_mounts}, {"hooks", do_hooks},       {"heard", do_heard}, {"says", do_says},
    {"silent", do_silent}, {"exits", do_exits},       {"gone", do_gone},   {"alive", do_alive},
    {"hurt", do_hurt},     {"remember", do_remember}, {"hold", do_hold},   {"sleep", do_sleep},
    {"clean", do_clean},   {"leak", do_leak},
};

}  // namespace

std::span<const Verb> host_verbs() noexcept { return kVerbs; }

}  // namespace cleat::conformance
