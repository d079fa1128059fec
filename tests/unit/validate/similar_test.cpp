// Unit tests of validate/similar.cpp.
#include "similar.hpp"

#include <doctest/doctest.h>

#include <string>

namespace cleat::validate {

TEST_CASE("a slip of the fingers finds the word that was meant, another word does not") {
    const std::vector<std::string_view> words = {"network", "mount", "uts", "user",
                                                 "noNewPrivileges"};
    CHECK(most_similar("netwrok", words) == "network");
    CHECK(most_similar("Mount", words) == "mount");
    CHECK(most_similar("MOUNT", words) == "mount");
    CHECK(most_similar("usr", words) == "user");
    CHECK(most_similar("noNewPrivilege", words) == "noNewPrivileges");
    CHECK(most_similar("banana", words).empty());
    CHECK(most_similar("", words).empty());
    CHECK(most_similar("x", words).empty());
    CHECK(most_similar("network", {}).empty());
    CHECK(most_similar(std::string(100, 'm'), {std::string(100, 'm')}).empty());
}

TEST_CASE("of two similar words the nearer one is meant") {
    CHECK(most_similar("hcaHandle", {"hcaObjects", "hcaHandles"}) == "hcaHandles");
    CHECK(most_similar("cpus", {"cpu", "cpus"}) == "cpus");
}

}  // namespace cleat::validate
