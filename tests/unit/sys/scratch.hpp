// A directory that is gone with the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace cleat::sys {

class Scratch {
 public:
    Scratch() {
        char name[] = "/tmp/cleat-sys-XXXXXX";
        path = ::mkdtemp(name);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove_all(path); }
    [[nodiscard]] std::string at(const std::string& name) const { return path + "/" + name; }

    std::string path;
};

}  // namespace cleat::sys
