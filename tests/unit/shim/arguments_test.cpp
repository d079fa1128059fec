#include "arguments.hpp"

#include <doctest/doctest.h>

using namespace cleat::shim;

TEST_CASE("flags are Go's: one dash or two, a value behind a space or an equals sign") {
    const auto read = read_arguments({"-namespace", "n", "--id=i", "-address", "a", "-bundle=b",
                                      "-publish-binary", "x", "-debug", "start", "-more"});
    REQUIRE(read);
    CHECK(read->name_space == "n");
    CHECK(read->id == "i");
    CHECK(read->address == "a");
    CHECK(read->bundle == "b");
    CHECK(read->debug);
    CHECK(read->action == "start");
    CHECK_FALSE(read->version);
    CHECK_FALSE(read_arguments({"-debug=false"})->debug);
    CHECK(read_arguments({"-v"})->version);
    CHECK(read_arguments({"-info"})->info);
}

TEST_CASE("flags that are not known or have no value are refused") {
    CHECK(read_arguments({"-x"}).error().what == "flag provided but not defined: -x");
    CHECK(read_arguments({"-id"}).error().what == "flag needs an argument: -id");
}

TEST_CASE("new parameters are told from old options by what is in them") {
    Arguments arguments;
    arguments.id = "i";
    arguments.name_space = "n";
    const auto options = write_any("t", "v").take();
    const auto modern = Writer()
                            .text(1, "i")
                            .text(2, "n")
                            .text(5, "unix:///t")
                            .message(8, Writer().message(1, options))
                            .text(9, "/d")
                            .take();
    const auto read = read_bootstrap(modern, arguments);
    CHECK(read.modern);
    CHECK(read.ttrpc_address == "unix:///t");
    CHECK(read.socket_directory == "/d");
    CHECK(read.options.type == "t");
    CHECK(write_bootstrap("a", read) ==
          "\x08\x03\x12\x01"
          "a\x1a\x05ttrpc");
    const auto old = read_bootstrap(options, arguments);
    CHECK_FALSE(old.modern);
    CHECK(old.options.value == "v");
    CHECK(write_bootstrap("a", old) == "a");
    CHECK_FALSE(read_bootstrap("", arguments).modern);
    CHECK_FALSE(read_bootstrap("\x0a\x05i", arguments).modern);
    CHECK_FALSE(read_bootstrap(Writer().text(1, "i").text(2, "other").take(), arguments).modern);
}

TEST_CASE("no options at all are left out of the information") {
    const auto info =
        write_info({.version = "1", .revision = "r", .features = "{}", .options = ""});
    Reader reader(info);
    while (reader.next()) CHECK(reader.field() != 3);
    CHECK_FALSE(reader.damaged());
}
