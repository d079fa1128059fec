// Unit tests of cli/parse.cpp: the command lines that engines use, and those that must be refused.
#include "parse.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace cleat;
using namespace cleat::cli;
using Words = std::vector<std::string>;

namespace {

template <class T>
T accepted(const Words& words) {
    const auto parsed = parse_command(words);
    if (!parsed) FAIL(parsed.error().what);
    REQUIRE(std::holds_alternative<T>(*parsed));
    return std::get<T>(*parsed);
}

std::string refusal(const Words& words) {
    const auto parsed = parse_command(words);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::InvalidArgument);
    return parsed.error().what;
}

bool contains(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("global flags end at the command") {
    const auto parsed = parse_globals({"--root", "/r", "--log=/l", "--log-format", "json",
                                       "--systemd-cgroup", "--debug", "exec", "--root", "x"});
    REQUIRE(parsed);
    CHECK(parsed->globals.root == "/r");
    CHECK(parsed->globals.log == "/l");
    CHECK(parsed->globals.log_format == "json");
    CHECK(parsed->globals.systemd_cgroup);
    CHECK(parsed->globals.debug);
    CHECK(parsed->rest == Words{"exec", "--root", "x"});
}

TEST_CASE("both dialects of global flags are taken") {
    for (const Words& words :
         {Words{"--rootless", "auto", "list"}, Words{"--rootless=true", "list"},
          Words{"--cgroup-manager", "disabled", "list"}, Words{"--log-level", "debug", "list"},
          Words{"--log", "journald:x", "list"}, Words{"--debug=false", "list"},
          Words{"--cgroup-manager=systemd", "--systemd-cgroup", "list"}}) {
        CAPTURE(words[0]);
        const auto parsed = parse_globals(words);
        REQUIRE(parsed);
        CHECK(parsed->rest == Words{"list"});
    }
}

TEST_CASE("--version and --help need no command") {
    for (const char* flag : {"--version", "-v", "-V"}) {
        const auto parsed = parse_globals({flag});
        REQUIRE(parsed);
        CHECK(parsed->version);
    }
    const auto help = parse_globals({"--help"});
    REQUIRE(help);
    for (const char* part : {"--root", "--log-format", "create", "features", "update"})
        CHECK(contains(help->help, part));
}

TEST_CASE("a wrong global flag is refused") {
    CHECK_FALSE(parse_globals({}));
    CHECK_FALSE(parse_globals({"--bogus", "list"}));
    CHECK_FALSE(parse_globals({"--log-format", "xml", "list"}));
    CHECK_FALSE(parse_globals({"--cgroup-manager", "none", "list"}));
    CHECK_FALSE(parse_globals({"--root"}));
}

TEST_CASE("create as containerd's shim calls it") {
    const auto own = accepted<CreateArguments>({"create", "--bundle", "/b", "--pid-file", "/p",
                                                "--console-socket", "/s", "--no-pivot",
                                                "--no-new-keyring", "id1"});
    CHECK(own.birth == Birth::Create);
    CHECK(own.bundle == "/b");
    CHECK(own.pid_file == "/p");
    CHECK(own.console_socket == "/s");
    CHECK(own.no_pivot);
    CHECK(own.no_new_keyring);
    CHECK(own.id == "id1");
}

TEST_CASE("run has its own flags besides those of create") {
    const auto own = accepted<CreateArguments>(
        {"run", "-d", "--keep", "--no-subreaper", "-b", "/b", "--preserve-fds", "2", "id1"});
    CHECK(own.birth == Birth::Run);
    CHECK(own.detach);
    CHECK(own.keep);
    CHECK(own.preserve_fds == 2);
    CHECK(accepted<CreateArguments>({"run", "-no-subreaper", "x"}).id == "x");
    CHECK(contains(refusal({"create", "--keep", "x"}), "--keep"));
}

TEST_CASE("exec stops at the id: what follows belongs to the command") {
    const auto own = accepted<ExecArguments>({"exec", "-t", "ID", "ls", "-c", "--env", "-d"});
    CHECK(own.tty);
    CHECK_FALSE(own.detach);
    CHECK(own.id == "ID");
    CHECK(own.command == Words{"ls", "-c", "--env", "-d"});
}

TEST_CASE("exec drops a double dash before the command, once") {
    CHECK(accepted<ExecArguments>({"exec", "ID", "--", "ls", "--", "x"}).command ==
          Words{"ls", "--", "x"});
    const auto early = accepted<ExecArguments>({"exec", "-d", "--", "ID", "ls", "-l"});
    CHECK(early.id == "ID");
    CHECK(early.command == Words{"ls", "-l"});
}

TEST_CASE("list flags take one value each and split nothing") {
    const auto own = accepted<ExecArguments>(
        {"exec", "-e", "A=1,2", "--env", "B=[x]", "-e", "C=", "-c", "CAP_KILL", "--cap",
         "CAP_CHOWN", "-g", "5", "--additional-gids", "6", "--cgroup", "cpu,memory:a", "ID", "ls"});
    CHECK(own.env == Words{"A=1,2", "B=[x]", "C="});
    CHECK(own.capabilities == Words{"CAP_KILL", "CAP_CHOWN"});
    CHECK(own.additional_gids == std::vector<std::uint32_t>{5, 6});
    CHECK(own.cgroups == Words{"cpu,memory:a"});
    CHECK(own.command == Words{"ls"});
}

TEST_CASE("exec as conmon calls it") {
    const auto own = accepted<ExecArguments>(
        {"exec", "--pid-file", "/p", "--process", "/j", "--detach", "--preserve-fds", "1", "ID"});
    CHECK(own.process_file == "/j");
    CHECK(own.detach);
    CHECK(own.command.empty());
    CHECK(own.preserve_fds == 1);
}

TEST_CASE("exec without what it needs is refused") {
    CHECK(contains(refusal({"exec"}), "ID"));
    CHECK(contains(refusal({"exec", "ID"}), "COMMAND"));
    CHECK(contains(refusal({"exec", "--bogus", "ID", "ls"}), "--bogus"));
    CHECK(contains(refusal({"exec", "-g", "x", "ID", "ls"}), "x"));
    CHECK(contains(refusal({"exec", "-g", "-1", "ID", "ls"}), "-1"));
    CHECK(contains(refusal({"exec", "-g", "4294967296", "ID", "ls"}), "4294967296"));
}

TEST_CASE("kill takes its flags before the id, and a signal only if there is one") {
    const auto plain = accepted<KillArguments>({"kill", "ID"});
    CHECK_FALSE(plain.signal);
    const auto all = accepted<KillArguments>({"kill", "--all", "ID", "9"});
    CHECK(all.all);
    CHECK(all.signal == "9");
    CHECK(accepted<KillArguments>({"kill", "ID", "-9"}).signal == "-9");
    refusal({"kill", "ID", "9", "x"});
    refusal({"kill"});
}

TEST_CASE("a flag without its value is told in the words that engines look for") {
    CHECK(contains(refusal({"create", "x", "--bundle"}), "flag needs an argument"));
    CHECK(contains(refusal({"update", "x", "--memory"}), "flag needs an argument"));
}

TEST_CASE("update takes negative values and a document from standard input") {
    const auto own = accepted<UpdateArguments>(
        {"update", "--memory-swap", "-1", "--cpu-shares=5", "--cpu-share", "7", "ID"});
    const auto value = [&](const char* group, const char* member) -> std::optional<std::string> {
        for (const auto& limit : own.limits)
            if (limit.group == std::string(group) && limit.member == std::string(member))
                return limit.value;
        return std::nullopt;
    };
    CHECK(value("memory", "swap") == "-1");
    CHECK(value("cpu", "shares") == "7");
    CHECK(value("memory", "limit") == std::nullopt);
    CHECK(accepted<UpdateArguments>({"update", "--resources=-", "ID"}).resources == "-");
    CHECK(accepted<UpdateArguments>({"update", "--resources", "-", "ID"}).resources == "-");
    CHECK(accepted<UpdateArguments>({"update", "-r", "-", "ID"}).resources == "-");
}

TEST_CASE("the last one of a repeated flag counts") {
    CHECK(accepted<CreateArguments>({"create", "-b", "/a", "--bundle", "/b", "x"}).bundle == "/b");
    CHECK(accepted<DeleteArguments>({"delete", "--force", "--force", "x"}).force);
}

TEST_CASE("list and ps know two formats") {
    CHECK(accepted<ListArguments>({"list", "-f", "json"}).format == "json");
    CHECK(accepted<ListArguments>({"list", "-q"}).quiet);
    refusal({"list", "--format", "yaml"});
    const auto ps = accepted<PsArguments>({"ps", "--format", "json", "ID"});
    CHECK(ps.format == "json");
    CHECK(accepted<PsArguments>({"ps", "ID", "-o", "pid"}).options == Words{"-o", "pid"});
}

TEST_CASE("the small commands take an id") {
    CHECK(accepted<TargetArguments>({"start", "a"}).target == Target::Start);
    CHECK(accepted<TargetArguments>({"state", "a"}).target == Target::State);
    CHECK(accepted<TargetArguments>({"pause", "a"}).target == Target::Pause);
    CHECK(accepted<TargetArguments>({"resume", "a"}).id == "a");
    CHECK(accepted<TargetArguments>({"wait", "a"}).target == Target::Wait);
    CHECK(accepted<DeleteArguments>({"delete", "--force", "a"}).force);
    CHECK(accepted<DeleteArguments>({"delete", "a", "-f"}).force);
    refusal({"start"});
    refusal({"start", "a", "b"});
    refusal({"nothing"});
}

TEST_CASE("every command explains itself") {
    for (const char* name :
         {"create", "delete", "exec", "features", "kill", "list", "mounts", "pause", "plan", "ps",
          "resume", "run", "spec", "start", "state", "update", "wait"}) {
        const auto text = accepted<TextArguments>({name, "--help"}).text;
        CHECK(contains(text, name));
        CHECK(contains(text, "--help"));
    }
}
