// Hooks are run for real: small shell programs in a directory of their own.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <string>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"

namespace {

using cleat::concat;
using cleat::plan::HookKind;
using cleat::plan::RunHooks;
using cleat::spec::Hook;

/// A directory that is gone at the end of the test, with the files that hooks write.
class Directory {
 public:
    Directory() : path_(::mkdtemp(name_)) {}
    ~Directory() {
        const auto names = cleat::sys::list_directory_at(cleat::sys::kHere, path_.c_str());
        for (const auto& name : names.value_or(std::vector<std::string>{}))
            static_cast<void>(cleat::sys::remove_file_at(cleat::sys::kHere, file(name).c_str()));
        static_cast<void>(cleat::sys::remove_directory_at(cleat::sys::kHere, path_.c_str()));
    }
    [[nodiscard]] std::string file(const std::string& name) const {
        return concat(path_, "/", name);
    }
    [[nodiscard]] std::string text(const std::string& name) const {
        return cleat::sys::read_text_at(cleat::sys::kHere, file(name).c_str())
            .value_or("(missing)");
    }

 private:
    char name_[32] = "/tmp/cleat-hooks.XXXXXX";
    std::string path_;
};

Hook shell(const std::string& command) {
    return {.path = "/bin/sh", .args = {"sh", "-c", command}, .env = {}, .timeout = {}};
}

}  // namespace

TEST_CASE("a hook reads the state on stdin and has only the environment that it was given") {
    const Directory directory;
    Hook hook = shell(
        concat("cat >", directory.file("state"), "; echo \"$A:$HOME\" >", directory.file("env")));
    hook.env = {"A=b"};
    REQUIRE(cleat::launch::run_hooks({HookKind::CreateRuntime, {hook}}, R"({"id":"x"})"));
    CHECK(directory.text("state") == R"({"id":"x"})");
    CHECK(directory.text("env") == "b:\n");
}

TEST_CASE("each hook gets the whole state, however many there are") {
    const Directory directory;
    const auto first = shell(concat("cat >", directory.file("1")));
    const auto second = shell(concat("cat >", directory.file("2")));
    REQUIRE(cleat::launch::run_hooks({HookKind::Poststart, {first, second}}, "S"));
    CHECK(directory.text("1") == "S");
    CHECK(directory.text("2") == "S");
}

TEST_CASE("a failing hook is named with its place, its status and its last words") {
    const RunHooks hooks{HookKind::Prestart, {shell("exit 0"), shell("echo why >&2; exit 7")}};
    const auto done = cleat::launch::run_hooks(hooks, "{}");
    REQUIRE_FALSE(done);
    CHECK(done.error().pointer == "/hooks/prestart/1");
    CHECK(done.error().what == "prestart hook 1 \"/bin/sh\": ended with status 7: why");
}

TEST_CASE("the hooks after a failing one are not run") {
    const Directory directory;
    const RunHooks hooks{HookKind::Prestart,
                         {shell("exit 1"), shell(concat("touch ", directory.file("ran")))}};
    CHECK_FALSE(cleat::launch::run_hooks(hooks, "{}"));
    CHECK(directory.text("ran") == "(missing)");
}

TEST_CASE("a hook that outlives its timeout is killed and told") {
    Hook hook = shell("exec sleep 60");
    hook.timeout = 1;
    const auto done = cleat::launch::run_hooks({HookKind::Poststop, {hook}}, "{}");
    REQUIRE_FALSE(done);
    CHECK(done.error().what == "poststop hook 0 \"/bin/sh\": did not end within 1 s");
}

TEST_CASE("a hook whose program is missing fails with the reason") {
    const auto done = cleat::launch::run_hooks(
        {HookKind::CreateContainer, {{.path = "/no/such", .args = {}, .env = {}, .timeout = {}}}},
        "{}");
    REQUIRE_FALSE(done);
    CHECK(done.error().what.find("No such file or directory") != std::string::npos);
}
