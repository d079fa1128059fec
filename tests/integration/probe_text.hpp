// Room: tests. What the probe writes, as JSON, and what it reads of files.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace probe {

// ---- JSON ------------------------------------------------------------------------------------

inline std::string text(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
            out += escape.data();
        } else {
            out += c;
        }
    }
    return out + "\"";
}

template <class T>
inline std::string number(T value) {
    return std::to_string(value);
}

inline std::string list(const std::vector<std::string>& items) {
    std::string out = "[";
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ',';
        out += items[i];
    }
    return out + "]";
}

using Members = std::vector<std::pair<std::string, std::string>>;

inline std::string object(const Members& members) {
    std::string out = "{";
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (i > 0) out += ',';
        out += text(members[i].first) + ":" + members[i].second;
    }
    return out + "}";
}

// ---- files -----------------------------------------------------------------------------------

/// The content of a file; "null" as JSON if it cannot be read.
inline std::string file_or_null(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return "null";
    std::string content;
    std::array<char, 4096> buffer{};
    ssize_t got = 0;
    while ((got = read(fd, buffer.data(), buffer.size())) > 0)
        content.append(buffer.data(), static_cast<std::size_t>(got));
    close(fd);
    while (!content.empty() && content.back() == '\n') content.pop_back();
    return got < 0 ? "null" : text(content);
}

inline std::string lines_of(const std::string& path) {
    FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return "null";
    std::vector<std::string> lines;
    char* line = nullptr;
    std::size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0) {
        line[std::strcspn(line, "\n")] = '\0';
        lines.push_back(text(line));
    }
    std::free(line);
    (void)std::fclose(file);
    return list(lines);
}

inline std::string link_or_null(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = readlink(path.c_str(), target.data(), target.size());
    if (length < 0) return "null";
    return text({target.data(), static_cast<std::size_t>(length)});
}

inline std::vector<std::string> names_in(const char* directory) {
    std::vector<std::string> names;
    DIR* stream = opendir(directory);
    if (stream == nullptr) return names;
    while (const dirent* entry = readdir(stream)) {
        const std::string name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..") names.push_back(name);
    }
    closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

inline std::string type_of(mode_t mode) {
    if (S_ISCHR(mode)) return "c";
    if (S_ISBLK(mode)) return "b";
    if (S_ISFIFO(mode)) return "p";
    if (S_ISDIR(mode)) return "d";
    if (S_ISLNK(mode)) return "l";
    if (S_ISSOCK(mode)) return "s";
    return "f";
}

inline std::string describe_file(const std::string& path) {
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0) return object({{"errno", number(errno)}});
    Members members = {
        {"type", text(type_of(info.st_mode))}, {"mode", number(info.st_mode & 07777U)},
        {"uid", number(info.st_uid)},          {"gid", number(info.st_gid)},
        {"size", number(info.st_size)},        {"major", number(major(info.st_rdev))},
        {"minor", number(minor(info.st_rdev))}};
    if (S_ISLNK(info.st_mode)) members.emplace_back("target", link_or_null(path));
    return object(members);
}

}  // namespace probe
