# room(), room_library(), program(): how the map in the top CMakeLists.txt becomes targets.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON) # for libsotto.so
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(house INTERFACE) # what every target is built with
target_include_directories(house INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(house INTERFACE _POSIX_C_SOURCE=200809L SOTTO_VERSION="${PROJECT_VERSION}")
target_compile_options(house INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla
    -Wundef -Wcast-qual -Wformat=2 -ffp-contract=off -fno-math-errno -fno-semantic-interposition)

add_library(rooms INTERFACE) # all rooms that have sources, for tests
set_property(GLOBAL PROPERTY ROOMS "")

# room(PATH DEP...): a static library of the .c files directly in PATH. A room without sources yet
# is an interface library, so that the map can be whole from the first day.
function(room path)
    string(REPLACE "/" "_" name ${path})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*.c)
    list(FILTER sources EXCLUDE REGEX "/main\\.c$")
    if(sources)
        add_library(room_${name} STATIC ${sources})
        set(scope PUBLIC)
    else()
        add_library(room_${name} INTERFACE)
        set(scope INTERFACE)
    endif()
    target_link_libraries(room_${name} ${scope} house)
    foreach(dep ${ARGN})
        string(REPLACE "/" "_" dep_name ${dep})
        target_link_libraries(room_${name} ${scope} room_${dep_name})
    endforeach()
    target_link_libraries(rooms INTERFACE room_${name})
    set_property(GLOBAL APPEND PROPERTY ROOMS ${path})
endfunction()

# room_library(PATH LIB...): system libraries that only this room includes.
function(room_library path)
    string(REPLACE "/" "_" name ${path})
    get_target_property(type room_${name} TYPE)
    if(NOT type STREQUAL INTERFACE_LIBRARY)
        target_link_libraries(room_${name} PUBLIC ${ARGN})
    endif()
    set_property(GLOBAL PROPERTY LIBRARIES_${name} ${ARGN})
endfunction()

# program(NAME PATH): the binary whose main() is PATH/main.c.
function(program name path)
    if(EXISTS ${CMAKE_SOURCE_DIR}/${path}/main.c)
        string(REPLACE "/" "_" room ${path})
        add_executable(${name} ${path}/main.c)
        target_link_libraries(${name} PRIVATE room_${room})
    endif()
endfunction()
