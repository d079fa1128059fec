// Unit tests of sys/files.cpp.
#include "cleat/sys/files.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "scratch.hpp"

namespace cleat::sys {

TEST_CASE("what is opened is closed on exec, and an error names the path") {
    const auto fd = open_at(kHere, "/dev/null", O_RDONLY);
    REQUIRE(fd);
    CHECK((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0);
    const auto none = open_at(kHere, "/no/such", O_RDONLY);
    REQUIRE_FALSE(none);
    CHECK(none.error().errno_value == ENOENT);
    CHECK(none.error().what.find("/no/such") != std::string::npos);
}

TEST_CASE("a file is read whole, up to the limit") {
    const Scratch scratch;
    const std::string text(10000, 'x');
    REQUIRE(replace_file_at(kHere, scratch.at("f").c_str(), text, 0600));
    CHECK(read_text_at(kHere, scratch.at("f").c_str()) == text);
    CHECK(read_text_at(kHere, scratch.at("f").c_str(), 10000) == text);
    const auto longer = read_text_at(kHere, scratch.at("f").c_str(), 9999);
    REQUIRE_FALSE(longer);
    CHECK(longer.error().errno_value == EFBIG);
    CHECK(longer.error().what.find(scratch.at("f")) != std::string::npos);
}

TEST_CASE("what has no end is not read for ever") {
    const auto endless = read_text_at(kHere, "/dev/zero", 4096);
    REQUIRE_FALSE(endless);
    CHECK(endless.error().errno_value == EFBIG);
}

TEST_CASE("a file is replaced as a whole and nothing is left beside it") {
    const Scratch scratch;
    REQUIRE(replace_file_at(kHere, scratch.at("f").c_str(), "long text", 0600));
    REQUIRE(replace_file_at(kHere, scratch.at("f").c_str(), "new", 0600));
    CHECK(read_text_at(kHere, scratch.at("f").c_str()) == std::string("new"));
    CHECK(list_directory_at(kHere, scratch.path.c_str()) == std::vector<std::string>{"f"});
    REQUIRE(make_directory_at(kHere, scratch.at("d").c_str(), 0700));
    CHECK_FALSE(replace_file_at(kHere, scratch.at("d").c_str(), "x", 0600));
    CHECK(list_directory_at(kHere, scratch.path.c_str()) == std::vector<std::string>{"d", "f"});
}

TEST_CASE("a file that does not exist is not made by writing to it") {
    const Scratch scratch;
    CHECK_FALSE(write_text_at(kHere, scratch.at("f").c_str(), "x"));
    CHECK_FALSE(exists_at(kHere, scratch.at("f").c_str()));
}

TEST_CASE("directories are made with their parents, those that exist are left alone") {
    const Scratch scratch;
    REQUIRE(make_directories(scratch.at("a/b/c"), 0711));
    REQUIRE(make_directories(scratch.at("a/b/c"), 0700));
    const auto status = stat_at(kHere, scratch.at("a/b/c").c_str());
    REQUIRE(status);
    CHECK((status->st_mode & 0777U) == 0711U);
    REQUIRE(replace_file_at(kHere, scratch.at("f").c_str(), "", 0600));
    CHECK_FALSE(make_directories(scratch.at("f/x"), 0700));
}

TEST_CASE("links are read and not followed where they are what is asked for") {
    const Scratch scratch;
    REQUIRE(::symlink("/no/such", scratch.at("l").c_str()) == 0);
    CHECK(read_link_at(kHere, scratch.at("l").c_str()) == std::string("/no/such"));
    CHECK(exists_at(kHere, scratch.at("l").c_str()));
    CHECK_FALSE(real_path(scratch.at("l")));
    REQUIRE(remove_file_at(kHere, scratch.at("l").c_str()));
    CHECK_FALSE(exists_at(kHere, scratch.at("l").c_str()));
}

TEST_CASE("what is not there is told from what cannot be told") {
    const Scratch scratch;
    REQUIRE(replace_file_at(kHere, scratch.at("f").c_str(), "x", 0600));
    CHECK(is_there_at(kHere, scratch.at("f").c_str()) == true);
    CHECK(is_there_at(kHere, scratch.at("g").c_str()) == false);
    CHECK(is_there_at(kHere, (scratch.at("f") + "/g").c_str()) == false);
    const std::string too_long = scratch.at(std::string(NAME_MAX + 1, 'g'));
    const auto unknown = is_there_at(kHere, too_long.c_str());
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().errno_value == ENAMETOOLONG);
    CHECK_FALSE(exists_at(kHere, too_long.c_str()));
}

}  // namespace cleat::sys
