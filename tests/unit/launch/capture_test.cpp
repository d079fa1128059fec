// Programs that are waited for are run for real: small ones of the shell.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"

namespace {

std::vector<std::string> script(const std::string& text) { return {"sh", "-c", text}; }

}  // namespace

TEST_CASE("the output of a program is given, its errors are not") {
    const auto output = cleat::launch::output_of(script("echo out; true >&2"));
    REQUIRE(output);
    CHECK(*output == "out\n");
    const auto failed = cleat::launch::output_of(script("echo out; exit 3"));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().what == "sh ended with status 3");
}

TEST_CASE("a program that fails has its words on either stream in the error, on one line") {
    CHECK(cleat::launch::run_program(script("echo not of interest")));
    const auto failed = cleat::launch::run_program(script("echo one; echo two >&2; exit 3"));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().what == "sh ended with status 3: one two");
    const auto silent = cleat::launch::run_program(script("kill -9 $$"));
    REQUIRE_FALSE(silent);
    CHECK(silent.error().what == "sh ended with status 137");
}

TEST_CASE("of a program that says much the end is told") {
    const auto failed = cleat::launch::run_program(
        script("i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done; exit 1"));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().what.ends_with("line 198 line 199"));
    CHECK(failed.error().what.size() < 600);
}

TEST_CASE("a program has nothing to read, and is not waited for once it is in the background") {
    CHECK(cleat::launch::run_program(script("! read line && (sleep 5 &)")));
}

TEST_CASE("a program that is missing is named") {
    const auto failed = cleat::launch::run_program({"no-such-program", "argument"});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().what ==
          "no-such-program ended with status 127: cannot be executed: No such file or directory");
}
