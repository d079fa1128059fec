// Room: launch. Words as execve(2) takes them, and those that a program ends with.
#pragma once

#include <string>
#include <vector>

namespace cleat::launch {

/// As long as the texts live; with the null pointer at the end.
inline std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const auto& text : texts)
        out.push_back(const_cast<char*>(text.c_str()));  // execve(2) changes nothing
    out.push_back(nullptr);
    return out;
}

/// The end of what a program wrote to a file, on one line after ": "; or nothing.
[[nodiscard]] std::string last_words(int file);

}  // namespace cleat::launch
